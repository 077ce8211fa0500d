#include "inheritance.h"

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <dirent.h>
#include <fcntl.h>
#include <string>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <unistd.h>

namespace ganger {
namespace {

/** Every descriptor above the standard streams. */
int list_descriptors(std::vector<int>& into) {
  DIR* directory = opendir("/proc/self/fd");
  if (directory == nullptr) return errno;
  while (const dirent* entry = readdir(directory)) {
    const int fd = atoi(entry->d_name);
    if (fd > 2 && fd != dirfd(directory)) into.push_back(fd);
  }
  closedir(directory);
  return 0;
}

bool is_wakeup(int fd) {
  const std::string link = "/proc/self/fd/" + std::to_string(fd);
  char target[64];
  const ssize_t size = readlink(link.c_str(), target, sizeof target);
  return size > 0 && std::string(target, static_cast<size_t>(size)) == "anon_inode:[eventfd]";
}

bool is_pipe(int fd) {
  struct statx status;
  return statx(fd, "", AT_EMPTY_PATH, STATX_TYPE, &status) == 0 && S_ISFIFO(status.stx_mode);
}

bool contains(const std::vector<int>& list, int fd) { return std::find(list.begin(), list.end(), fd) != list.end(); }

}  // namespace

int Inheritance::note(const std::vector<int>& kept, const std::vector<int>& withheld) {
  std::vector<int> open;
  if (const int problem = list_descriptors(open)) return problem;
  for (const int fd : open) {
    // libuv's own are close-on-exec. What is not came in from whoever started the server, and ends here.
    const bool own = (fcntl(fd, F_GETFD) & FD_CLOEXEC) != 0;
    const bool passed = !contains(withheld, fd) && (own || contains(kept, fd));
    (passed ? passed_ : withheld_).push_back(fd);
    if (!passed) continue;
    if (own && is_wakeup(fd)) wakeups_.push_back(fd);
  }
  return 0;
}

void Inheritance::forget(int fd) { withheld_.erase(std::remove(withheld_.begin(), withheld_.end(), fd), withheld_.end()); }

bool Inheritance::passes(int fd) const {
  // libuv made itself a new pipe while fork() returned (its pthread_atfork handler). Of the descriptors that the server
  // opened itself none is a pipe, so an unknown pipe is that one.
  return contains(passed_, fd) || (!contains(withheld_, fd) && is_pipe(fd));
}

int Inheritance::apply(const std::vector<int>& opened) const {
  std::vector<int> open;
  if (const int problem = list_descriptors(open)) return problem;
  for (const int fd : open) {
    if (!contains(opened, fd) && !passes(fd)) close(fd);
  }
  // libuv's descriptors keep their numbers: its loops of threads that are not here hold them, and uv_loop_fork closes
  // those of this thread's by number. But a wake-up of ours must not wake a thread of the server's.
  const int fresh = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  if (fresh < 0) return errno;
  for (const int fd : wakeups_) dup3(fresh, fd, O_CLOEXEC);
  close(fresh);
  return 0;
}

}  // namespace ganger
