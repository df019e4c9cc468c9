// The Zstandard header that Swift sees.
#include <zstd.h>
