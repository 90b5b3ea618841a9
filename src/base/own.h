/* own.h - cleanup of locals by declaration. A local declared with OWN, OWNP or OWNFD is released when it
 * leaves its scope; ownership leaves only through TAKE, and only on success. Initialise at declaration. */
#ifndef BASE_OWN_H
#define BASE_OWN_H

#define MUST_CHECK __attribute__((warn_unused_result))

/* OWN(buf) b = BUF(4096);   runs buf_done(&b) */
#define OWN(S) __attribute__((cleanup(S##_done))) struct S

/* OWNP(EVP_PKEY) k = ...;   runs the function named by DEFINE_OWNP, which accepts NULL */
#define OWNP(T) __attribute__((cleanup(T##_own_cleanup))) T *
#define DEFINE_OWNP(T, free_fn)                                                                              \
	__attribute__((unused)) static inline void T##_own_cleanup(T **p)                                    \
	{                                                                                                    \
		if (*p)                                                                                      \
			free_fn(*p);                                                                         \
	}

/* OWNS(store) s = NULL;   for `struct store *` with store_free() */
#define OWNS(S) __attribute__((cleanup(S##_own_cleanup))) struct S *
#define DEFINE_OWNS(S, free_fn)                                                                              \
	__attribute__((unused)) static inline void S##_own_cleanup(struct S **p)                             \
	{                                                                                                    \
		if (*p)                                                                                      \
			free_fn(*p);                                                                         \
	}

/* OWNFD fd = open(...);   closes it when it is >= 0 */
#define OWNFD __attribute__((cleanup(ownfd_close))) int
void ownfd_close(int *fd);

#define TAKE(p)                                                                                              \
	({                                                                                                   \
		__typeof__(p) taken_ = (p);                                                                  \
		(p) = NULL;                                                                                  \
		taken_;                                                                                      \
	})
#define TAKE_FD(fd)                                                                                          \
	({                                                                                                   \
		int taken_ = (fd);                                                                           \
		(fd) = -1;                                                                                   \
		taken_;                                                                                      \
	})

#endif
