#include "order.h"

#include <cerrno>
#include <csignal>
#include <fcntl.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "../system/unix_socket.h"

namespace ganger {
namespace {

constexpr size_t kMaxSockets = 16;

int open_directory(const std::string& path) {
  const int fd = open(path.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC);
  // Opened so, it is not asked whether one may go there.
  if (fd < 0 || faccessat(fd, ".", X_OK, AT_EACCESS) == 0) return fd;
  const int problem = errno;
  close(fd);
  errno = problem;
  return -1;
}

}  // namespace

bool Order::read(Reader& from) {
  detached_ = from.u8();
  death_signal_ = from.u8();
  group_ = static_cast<pid_t>(from.u32());
  if (detached_ > kJoined || (detached_ == kJoined) != (group_ > 0) || death_signal_ >= NSIG || !streams_.read(from)) return false;
  directory_ = from.text();
  if (!read_sockets(from) || !from.complete()) return false;
  bytes_ = from.rest();
  return true;
}

bool Order::read_sockets(Reader& from) {
  targets_.resize(from.u8());
  if (targets_.size() > kMaxSockets) return false;
  for (Stream& target : targets_) {
    target.path = from.text();
    target.hello = from.text();
  }
  return true;
}

int Order::prepare(std::string& culprit) {
  if (const int problem = streams_.open_all(culprit)) return problem;
  if (!directory_.empty()) directory_fd_ = open_directory(directory_);
  if (!directory_.empty() && directory_fd_ < 0) {
    culprit = directory_;
    return errno;
  }
  for (const Stream& target : targets_) {
    const int fd = connect_to(target.path, target.hello);
    if (fd < 0) {
      culprit = target.path;
      return errno;
    }
    sockets_.push_back(fd);
  }
  return 0;
}

void Order::close_all() {
  streams_.close_all();
  if (directory_fd_ >= 0) close(directory_fd_);
  for (const int fd : sockets_) close(fd);
}

void Order::settle(pid_t pid) const {
  // A session is the child's alone to make, and it could not if it led a group.
  if (detached_ == kGroup) setpgid(pid, pid);
  if (detached_ == kJoined) setpgid(pid, group_);
}

int Order::become(pid_t server) {
  if (detached_ == kGroup) setpgid(0, 0);
  // A group of another session cannot be joined. With one that is gone must go what was meant to end with it.
  if (detached_ == kJoined && setpgid(0, group_) != 0 && kill(-group_, 0) != 0) return errno;
  if (detached_ == kSession) setsid();
  if (death_signal_ != 0) {
    prctl(PR_SET_PDEATHSIG, static_cast<unsigned long>(death_signal_), 0, 0, 0);
    // It has died before we asked.
    if (getppid() != server) kill(getpid(), death_signal_);
  }
  streams_.install();
  if (directory_fd_ < 0) return 0;
  const int problem = fchdir(directory_fd_) == 0 ? 0 : errno;
  close(directory_fd_);
  directory_fd_ = -1;
  return problem;
}

}  // namespace ganger
