#include "listener.h"

#include <cerrno>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../system/unix_socket.h"

namespace ganger {
namespace {

int bind_private(int fd, const sockaddr* address, socklen_t size) {
  const mode_t before = umask(0177);
  const int problem = bind(fd, address, size) == 0 ? 0 : errno;
  umask(before);
  return problem;
}

/** A socket file whose server is gone refuses; it may be replaced. */
bool is_stale(const sockaddr* address, socklen_t size) {
  const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) return false;
  const bool refused = connect(fd, address, size) < 0 && errno == ECONNREFUSED;
  ::close(fd);
  return refused;
}

uint64_t inode_of(const std::string& path) {
  // statx and not stat, here and elsewhere: the latter would ask for glibc 2.33.
  struct statx status;
  const bool found = statx(AT_FDCWD, path.c_str(), AT_SYMLINK_NOFOLLOW, STATX_INO, &status) == 0;
  return found ? status.stx_ino : 0;
}

}  // namespace

int Listener::open(const std::string& path) {
  sockaddr_un address;
  socklen_t size;
  if (!unix_address(path, address, size)) return ENAMETOOLONG;
  const auto* generic = reinterpret_cast<sockaddr*>(&address);
  fd_ = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd_ < 0) return errno;
  int problem = bind_private(fd_, generic, size);
  if (problem == EADDRINUSE && is_stale(generic, size)) {
    unlink(path.c_str());
    problem = bind_private(fd_, generic, size);
  }
  if (problem == 0 && listen(fd_, SOMAXCONN) < 0) problem = errno;
  if (problem != 0) close();
  path_ = path;
  inode_ = inode_of(path);
  return problem;
}

int Listener::accept(bool& is_short) const {
  is_short = false;
  for (;;) {
    const int fd = accept4(fd_, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd >= 0) return fd;
    if (errno == EINTR || errno == ECONNABORTED) continue;
    is_short = errno == EMFILE || errno == ENFILE || errno == ENOMEM || errno == ENOBUFS;
    return -1;
  }
}

void Listener::close() {
  ::close(fd_);
  fd_ = -1;
}

void Listener::remove() const {
  if (inode_of(path_) == inode_) unlink(path_.c_str());
}

}  // namespace ganger
