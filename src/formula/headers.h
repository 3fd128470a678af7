/* Two of parmap's public headers as texts: the source of a formula carries them along to where none
 * is installed.  Made by src/CMakeLists.txt. */
#ifndef PM_FORMULA_HEADERS_H
#define PM_FORMULA_HEADERS_H

extern const char pm_abi_header[];    /* parmap_abi.h */
extern const char pm_kernel_header[]; /* parmap_kernel.h */

#endif
