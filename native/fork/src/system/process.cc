#include "process.h"

#include <cerrno>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "unix_socket.h"

namespace ganger {

int reap(pid_t pid) {
  for (;;) {
    const pid_t ended = waitpid(pid, nullptr, WNOHANG);
    if (ended >= 0) return ended == pid ? 1 : 0;
    if (errno == ECHILD) return 0;
    if (errno != EINTR) return -1;
  }
}

int notify(const std::string& path, const std::string& text) {
  sockaddr_un address;
  socklen_t size;
  if (!unix_address(path, address, size)) return ENAMETOOLONG;
  const int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return errno;
  const ssize_t sent = sendto(fd, text.data(), text.size(), MSG_NOSIGNAL | MSG_DONTWAIT,
                              reinterpret_cast<sockaddr*>(&address), size);
  const int problem = sent < 0 ? errno : 0;
  close(fd);
  return problem;
}

int set_subreaper(bool on) {
  return prctl(PR_SET_CHILD_SUBREAPER, on ? 1 : 0, 0, 0, 0) == 0 ? 0 : errno;
}

}  // namespace ganger
