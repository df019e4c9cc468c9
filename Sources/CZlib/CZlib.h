// The zlib header that Swift sees.
#include <zlib.h>
