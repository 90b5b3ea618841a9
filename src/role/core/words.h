/* words.h - words for addresses that people can say. */
#ifndef ROLE_CORE_WORDS_H
#define ROLE_CORE_WORDS_H

/* 256 of them, three to six letters. */
const char *word_of_byte(unsigned char b);

#endif
