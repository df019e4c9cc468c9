// The nghttp2 header that Swift sees.
#include <nghttp2/nghttp2.h>
