/* Elements of every typecode in plain C arrays: what the arrays of parmap are compared with. */
#ifndef ELEMENTS_H
#define ELEMENTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

static const char all_codes[] = "cbBhHiIlLqQfd";

/* typecode, C type */
#define ELEMENT_LIST(X)                                                                            \
    X('c', char)                                                                                   \
    X('b', signed char)                                                                            \
    X('B', unsigned char)                                                                          \
    X('h', short)                                                                                  \
    X('H', unsigned short)                                                                         \
    X('i', int)                                                                                    \
    X('I', unsigned int)                                                                           \
    X('l', long)                                                                                   \
    X('L', unsigned long)                                                                          \
    X('q', long long)                                                                              \
    X('Q', unsigned long long)                                                                     \
    X('f', float)                                                                                  \
    X('d', double)

static inline bool is_real(char typecode)
{
    return typecode == 'f' || typecode == 'd';
}

static inline bool is_unsigned(char typecode)
{
    return strchr("BHILQ", typecode) != NULL;
}

static inline size_t element_bytes(char typecode)
{
    switch (typecode) {
#define ELEMENT_CASE(code, type)                                                                   \
    case code:                                                                                     \
        return sizeof(type);
        ELEMENT_LIST(ELEMENT_CASE)
#undef ELEMENT_CASE
    default:
        return 0;
    }
}

/* elements[index] = number, and back. */
static inline void set_element(void *elements, char typecode, int64_t index, int64_t number)
{
    switch (typecode) {
#define ELEMENT_CASE(code, type)                                                                   \
    case code:                                                                                     \
        ((type *)elements)[index] = (type)number;                                                  \
        break;
        ELEMENT_LIST(ELEMENT_CASE)
#undef ELEMENT_CASE
    default:
        break;
    }
}

static inline int64_t get_element(const void *elements, char typecode, int64_t index)
{
    switch (typecode) {
#define ELEMENT_CASE(code, type)                                                                   \
    case code:                                                                                     \
        return (int64_t)((const type *)elements)[index];
        ELEMENT_LIST(ELEMENT_CASE)
#undef ELEMENT_CASE
    default:
        return 0;
    }
}

#endif
