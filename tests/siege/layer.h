/* layer.h - what the layers between Postern's processes and the C library have in common (faults.c, power.c). */
#ifndef SIEGE_LAYER_H
#define SIEGE_LAYER_H

#include <dlfcn.h>
#include <stdarg.h>

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

/* The arguments of syscall(2) behind `number`: six, of which the kernel reads as many as it needs. */
#define TAKE_SIX(a, number)                                                                                  \
	do {                                                                                                 \
		va_list rest_;                                                                               \
                                                                                                             \
		va_start(rest_, number);                                                                     \
		for (int i_ = 0; i_ < 6; i_++)                                                               \
			(a)[i_] = va_arg(rest_, long);                                                       \
		va_end(rest_);                                                                               \
	} while (0)

#endif
