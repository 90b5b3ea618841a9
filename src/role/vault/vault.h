/* vault.h - the vault without its process: roads in, answers out. Its main wires it, its test speaks to it. */
#ifndef ROLE_VAULT_VAULT_H
#define ROLE_VAULT_VAULT_H

#include "ipc/peer.h"
#include "sys/role.h"

struct vault;

struct vault *vault_new(struct loop *l);
void vault_free(struct vault *v);
/* 32 bytes each; next is empty, or the key that seals from now on while both open. */
MUST_CHECK int vault_take_master(void *vault, struct str key, struct str next, struct fail *f);
/* From core and keygen, and to scribes, alone. Takes fd. */
MUST_CHECK int vault_take_peer(void *vault, enum role other, unsigned index, int fd, struct fail *f);

#endif
