/* banned.h - included into every file of ours by the compiler's command line: calls that have no safe
 * use here become compile errors. System headers that a banned name appears in come first. */
#ifndef BASE_BANNED_H
#define BASE_BANNED_H
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#undef strcpy
#undef strcat
#undef strtok
#undef alloca
#define strcpy(a, b) banned_strcpy_is_banned
#define strcat(a, b) banned_strcat_is_banned
#define strncpy(a, b, n) banned_strncpy_is_banned
#define strncat(a, b, n) banned_strncat_is_banned
#define sprintf(...) banned_sprintf_is_banned
#define vsprintf(...) banned_vsprintf_is_banned
#define strtok(a, b) banned_strtok_is_banned
#define gmtime(t) banned_gmtime_is_banned
#define localtime(t) banned_localtime_is_banned
#define ctime(t) banned_ctime_is_banned
#define atoi(s) banned_atoi_is_banned
#define atol(s) banned_atol_is_banned
#define alloca(n) banned_alloca_is_banned
#define rand() banned_rand_is_banned
#define system(s) banned_system_is_banned

#endif
