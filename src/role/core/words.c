#include "role/core/words.h"

// clang-format off
static const char *const words[256] = {
	"acorn", "alder", "amber", "anchor", "apple", "april", "apron", "arbor", "arch", "arrow", "ash",
	"aspen", "atlas", "aunt", "autumn", "badge", "bagel", "baker", "balsa", "bamboo", "banjo",
	"barge", "barley", "basil", "basin", "beach", "bead", "beam", "bean", "bear", "beaver", "beech",
	"bell", "berry", "birch", "bison", "blade", "bloom", "blue", "boat", "bonnet", "book", "boot",
	"bowl", "branch", "brass", "bread", "breeze", "brick", "bridge", "brook", "broom", "brush",
	"bucket", "bugle", "bush", "butter", "button", "cabin", "cactus", "camel", "canal", "candle",
	"canoe", "canyon", "cape", "cargo", "castle", "cave", "cedar", "cello", "chalk", "cherry",
	"chess", "chime", "cider", "cinder", "citrus", "clay", "cliff", "clock", "cloud", "clover",
	"coal", "coast", "cobalt", "cocoa", "comet", "copper", "coral", "cotton", "cove", "crab", "crane",
	"crater", "creek", "crest", "crown", "cumin", "curve", "dahlia", "daisy", "dawn", "delta",
	"desert", "dew", "dome", "donkey", "dove", "dragon", "drum", "dune", "eagle", "earth", "echo",
	"elder", "elm", "ember", "falcon", "feast", "fennel", "fern", "ferry", "field", "fig", "finch",
	"fjord", "flag", "flint", "flute", "fog", "forest", "fox", "frost", "garden", "garlic", "geyser",
	"ginger", "glade", "glen", "globe", "gold", "goose", "grape", "grass", "gravel", "grove", "gull",
	"hammer", "harbor", "harp", "hazel", "heron", "hill", "holly", "honey", "hornet", "iris", "iron",
	"island", "ivory", "ivy", "jade", "jasper", "kayak", "kettle", "kite", "koala", "lagoon", "lake",
	"lark", "laurel", "lava", "lemon", "lily", "lime", "linen", "lion", "lotus", "lunar", "lynx",
	"magnet", "mango", "maple", "marble", "marsh", "meadow", "melon", "mesa", "mint", "mist", "moon",
	"moss", "moth", "nectar", "needle", "nest", "north", "nutmeg", "oak", "oasis", "oat", "ocean",
	"olive", "onyx", "opal", "orbit", "orchid", "otter", "owl", "oyster", "palm", "panda", "paper",
	"parrot", "peach", "pearl", "pebble", "pepper", "petal", "pine", "planet", "plum", "pond",
	"poppy", "quail", "quartz", "quill", "rabbit", "rain", "raven", "reed", "ridge", "river", "robin",
	"rocket", "rose", "ruby", "saddle", "sage", "sail", "salmon", "sand", "shell", "silver", "sky",
	"slate", "snow", "spring", "spruce", "star", "stone", "storm", "summit", "swan", "thyme",
};
// clang-format on

const char *word_of_byte(unsigned char b)
{
	return words[b];
}
