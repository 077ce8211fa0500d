#pragma once
#include <string>
#include <sys/socket.h>
#include <sys/un.h>

namespace ganger {

/** "@name" is an abstract address. False when it is empty or does not fit. */
bool unix_address(const std::string& path, sockaddr_un& address, socklen_t& size);
/** Connects without waiting and sends `hello`. A non-blocking descriptor, or -1 and errno. */
int connect_to(const std::string& path, const std::string& hello);

}  // namespace ganger
