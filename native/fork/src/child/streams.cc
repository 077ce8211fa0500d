#include "streams.h"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <unistd.h>

#include "../system/unix_socket.h"

namespace ganger {
namespace {

int open_file(const std::string& path, bool input) {
  // O_NONBLOCK: a FIFO without its other end must not hold up the server.
  const int flags = input ? O_RDONLY : O_WRONLY | O_APPEND | O_CREAT;
  return open(path.c_str(), flags | O_NONBLOCK | O_NOCTTY | O_CLOEXEC, 0600);
}

int open_stream(const Stream& stream, bool input) {
  if (stream.kind == '0') return open("/dev/null", (input ? O_RDONLY : O_WRONLY) | O_CLOEXEC);
  return stream.kind == 'f' ? open_file(stream.path, input) : connect_to(stream.path, stream.hello);
}

/** With one of 0 to 2 closed in the server, a new descriptor may get that number, and be in the way of another. */
int above_standard(int fd) {
  if (fd < 0 || fd > 2) return fd;
  const int higher = fcntl(fd, F_DUPFD_CLOEXEC, 3);
  const int problem = errno;
  close(fd);
  errno = problem;
  return higher;
}

}  // namespace

bool Streams::read(Reader& from) {
  for (int number = 0; number < 3; ++number) {
    Stream& stream = streams[number];
    stream.kind = static_cast<char>(from.u8());
    if (stream.kind == 'f' || stream.kind == 's') stream.path = from.text();
    if (stream.kind == 's') stream.hello = from.text();
    const bool known = strchr(number == 2 ? "i0fs1" : "i0fs", stream.kind) != nullptr && stream.kind != '\0';
    if (!from.complete() || !known) return false;
  }
  return true;
}

int Streams::open_all(std::string& culprit) {
  for (int number = 0; number < 3; ++number) {
    const Stream& stream = streams[number];
    if (stream.kind == 'i' || stream.kind == '1') continue;
    descriptors[number] = above_standard(open_stream(stream, number == 0));
    if (descriptors[number] >= 0) continue;
    const int problem = errno;
    culprit = stream.path;
    return problem;
  }
  return 0;
}

void Streams::close_all() {
  for (int& fd : descriptors) {
    if (fd >= 0) close(fd);
    fd = -1;
  }
}

void Streams::install() {
  for (int number = 0; number < 3; ++number) {
    const int fd = descriptors[number];
    if (fd >= 0) {
      // Node's streams expect a descriptor that waits, until they say otherwise themselves.
      fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) & ~O_NONBLOCK);
      dup2(fd, number);
    } else if (streams[number].kind == '1') {
      dup2(1, 2);
    }
  }
  close_all();
}

}  // namespace ganger
