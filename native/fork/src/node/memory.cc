#include "memory.h"

#include <cerrno>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

namespace ganger {
namespace {

uintptr_t parse_hex(const char*& at) {
  uintptr_t value = 0;
  for (;; ++at) {
    const char c = *at;
    if (c >= '0' && c <= '9') value = value << 4 | static_cast<uintptr_t>(c - '0');
    else if (c >= 'a' && c <= 'f') value = value << 4 | static_cast<uintptr_t>(c - 'a' + 10);
    else return value;
  }
}

const char* after_word(const char* at) {
  while (*at != ' ' && *at != '\0') ++at;
  while (*at == ' ') ++at;
  return at;
}

/** "start-end perms offset dev inode   path"; private, of no file, and not one of the kernel's own pages. */
void allow_line(const char* line) {
  const uintptr_t start = parse_hex(line);
  ++line;
  const uintptr_t end = parse_hex(line);
  const char* perms = line + 1;
  if (perms[3] != 'p') return;
  const char* inode = after_word(after_word(after_word(perms)));
  if (*inode != '0') return;
  const char* name = after_word(inode);
  const bool anonymous = *name == '\0' || strncmp(name, "[anon", 5) == 0 || strncmp(name, "[heap", 5) == 0;
  // EINVAL for mappings of a device: they were never V8's, and the child can do without.
  if (anonymous) madvise(reinterpret_cast<void*>(start), end - start, MADV_DOFORK);
}

}  // namespace

int allow_fork_of_memory() {
  const int maps = open("/proc/self/maps", O_RDONLY | O_CLOEXEC);
  if (maps < 0) return errno;
  // On the stack: an allocation here could change the very list that is being read.
  char buffer[32 * 1024];
  size_t held = 0;
  int problem = 0;
  for (;;) {
    const ssize_t got = read(maps, buffer + held, sizeof buffer - 1 - held);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) problem = errno;
    if (got <= 0) break;
    held += static_cast<size_t>(got);
    char* line = buffer;
    while (auto* end = static_cast<char*>(memchr(line, '\n', held - static_cast<size_t>(line - buffer)))) {
      *end = '\0';
      allow_line(line);
      line = end + 1;
    }
    held -= static_cast<size_t>(line - buffer);
    memmove(buffer, line, held);
  }
  close(maps);
  return problem;
}

}  // namespace ganger
