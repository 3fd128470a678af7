/* The verbs on memory at hand: C11 atomics of every width. */
#include "comm/window_backend.h"

#include <string.h>

#define WORD_OPS(T)                                                                                \
    static uint64_t op_##T(void *address, pm_word_op op, uint64_t a, uint64_t b)                   \
    {                                                                                              \
        _Atomic T *word = address;                                                                 \
        T before = (T)a;                                                                           \
        switch (op) {                                                                              \
        case PM_LOAD:                                                                              \
            return atomic_load(word);                                                              \
        case PM_STORE:                                                                             \
            atomic_store(word, (T)a);                                                              \
            return 0;                                                                              \
        case PM_ADD:                                                                               \
            return atomic_fetch_add(word, (T)a);                                                   \
        case PM_SWAP:                                                                              \
            return atomic_exchange(word, (T)a);                                                    \
        case PM_COMPARE_SWAP:                                                                      \
            atomic_compare_exchange_strong(word, &before, (T)b);                                   \
            return before;                                                                         \
        }                                                                                          \
        return 0;                                                                                  \
    }

WORD_OPS(uint8_t)
WORD_OPS(uint16_t)
WORD_OPS(uint32_t)
WORD_OPS(uint64_t)

uint64_t pm_word_at(void *address, pm_word_op op, int width, uint64_t a, uint64_t b)
{
    switch (width) {
    case 1:
        return op_uint8_t(address, op, a, b);
    case 2:
        return op_uint16_t(address, op, a, b);
    case 4:
        return op_uint32_t(address, op, a, b);
    default:
        return op_uint64_t(address, op, a, b);
    }
}

#define WORD_COPIES(T)                                                                             \
    static void from_##T(void *data, const void *words, size_t count)                              \
    {                                                                                              \
        for (size_t i = 0; i < count; i++) {                                                       \
            const T element =                                                                      \
                atomic_load_explicit((const _Atomic T *)words + i, memory_order_relaxed);          \
            memcpy((T *)data + i, &element, sizeof element);                                       \
        }                                                                                          \
    }                                                                                              \
    static void to_##T(void *words, const void *data, size_t count)                                \
    {                                                                                              \
        for (size_t i = 0; i < count; i++) {                                                       \
            T element;                                                                             \
            memcpy(&element, (const T *)data + i, sizeof element);                                 \
            atomic_store_explicit((_Atomic T *)words + i, element, memory_order_relaxed);          \
        }                                                                                          \
    }

WORD_COPIES(uint8_t)
WORD_COPIES(uint16_t)
WORD_COPIES(uint32_t)
WORD_COPIES(uint64_t)

void pm_copy_from_words(void *data, const void *words, int width, size_t bytes)
{
    const size_t count = bytes / (size_t)width;
    if (width == 8)
        from_uint64_t(data, words, count);
    else if (width == 4)
        from_uint32_t(data, words, count);
    else if (width == 2)
        from_uint16_t(data, words, count);
    else
        from_uint8_t(data, words, count);
    atomic_thread_fence(memory_order_acquire);
}

void pm_copy_to_words(void *words, const void *data, int width, size_t bytes)
{
    const size_t count = bytes / (size_t)width;
    atomic_thread_fence(memory_order_release);
    if (width == 8)
        to_uint64_t(words, data, count);
    else if (width == 4)
        to_uint32_t(words, data, count);
    else if (width == 2)
        to_uint16_t(words, data, count);
    else
        to_uint8_t(words, data, count);
}
