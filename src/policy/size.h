/* size.h - how large what is sealed is made, so that its size tells little of what it is (promise 7). Pure. */
#ifndef POLICY_SIZE_H
#define POLICY_SIZE_H

#include <stdint.h>

/* The least size of a class that holds so many bytes. Below 1 MiB: 8 KiB, then four classes to each doubling, so at most a quarter
 * more. From there on as Padmé has it (Nikitin et al., PETS 2019, 4.2): at most 3 % more, so that what a provider takes is not
 * made too large for it. */
uint64_t size_class(uint64_t bytes);

#endif
