// The libcurl header that Swift sees. Variadic calls are wrapped in CGatewayShims.
#include <curl/curl.h>
