#include "policy/trial.h"

enum trial_answer trial_judge(const struct trial_facts *f)
{
	if (!f->opened)
		return TRIAL_UNOPENED;
	switch (f->signature) {
	case TRIAL_FALSELY:
		return TRIAL_BROKEN;
	case TRIAL_BY_OTHER:
		return TRIAL_OTHER_KEY;
	case TRIAL_BY_USER:
		return f->encrypted ? TRIAL_BOTH : TRIAL_SIGNED;
	case TRIAL_BY_NOBODY:
		break;
	}
	return f->encrypted ? TRIAL_ENCRYPTED : TRIAL_CLEAR;
}

static bool is_proven(enum trial_answer a)
{
	return a == TRIAL_BOTH || a == TRIAL_SIGNED;
}

bool trial_replaces(enum trial_answer last, enum trial_answer next)
{
	return is_proven(next) || !is_proven(last);
}

const char *trial_word(enum trial_answer a)
{
	static const char *const words[TRIAL_ANSWERS] = {
		[TRIAL_NONE] = "none",     [TRIAL_BOTH] = "both",
		[TRIAL_SIGNED] = "signed", [TRIAL_ENCRYPTED] = "encrypted",
		[TRIAL_CLEAR] = "clear",   [TRIAL_OTHER_KEY] = "other-key",
		[TRIAL_BROKEN] = "broken", [TRIAL_UNOPENED] = "unopened",
	};

	return a < TRIAL_ANSWERS ? words[a] : words[TRIAL_NONE];
}
