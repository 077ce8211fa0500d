#include "unix_socket.h"

#include <cerrno>
#include <cstddef>
#include <cstring>
#include <unistd.h>

namespace ganger {

bool unix_address(const std::string& path, sockaddr_un& address, socklen_t& size) {
  if (path.empty() || path.size() >= sizeof address.sun_path) return false;
  memset(&address, 0, sizeof address);
  address.sun_family = AF_UNIX;
  memcpy(address.sun_path, path.data(), path.size());
  const bool abstract = path[0] == '@';
  if (abstract) address.sun_path[0] = '\0';
  // An abstract name is all of its bytes; one zero too many would be another name.
  size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + path.size() + (abstract ? 0 : 1));
  return true;
}

namespace {

/** 0 or an errno. A fresh socket's buffer takes a hello whole, or the hello is too long. */
int greet(int fd, const std::string& hello) {
  if (hello.empty()) return 0;
  const ssize_t sent = send(fd, hello.data(), hello.size(), MSG_NOSIGNAL);
  if (sent < 0) return errno;
  return static_cast<size_t>(sent) == hello.size() ? 0 : EMSGSIZE;
}

}  // namespace

int connect_to(const std::string& path, const std::string& hello) {
  sockaddr_un address;
  socklen_t size;
  if (!unix_address(path, address, size)) {
    errno = ENAMETOOLONG;
    return -1;
  }
  const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) return -1;
  // EAGAIN: the listener has more connections waiting than it asked for.
  const bool connected = connect(fd, reinterpret_cast<sockaddr*>(&address), size) == 0;
  const int problem = connected ? greet(fd, hello) : errno;
  if (problem == 0) return fd;
  close(fd);
  errno = problem;
  return -1;
}

}  // namespace ganger
