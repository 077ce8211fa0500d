#include "platform.h"

#include <cstddef>
#include <fcntl.h>
#include <unistd.h>

// Exported by every Node that is linked for addons. Weak: where one is missing it is null.
extern "C" {
extern const uintptr_t node_platform_vtable[] __asm__("_ZTVN4node12NodePlatformE") __attribute__((weak));
extern const uintptr_t v8_platform_holder[] __asm__("_ZN4node11per_process11v8_platformE") __attribute__((weak));
int number_of_worker_threads(void*) __asm__("_ZN4node12NodePlatform21NumberOfWorkerThreadsEv") __attribute__((weak));
}

namespace ganger {
namespace {

// Generous bounds, in words, for objects of a few hundred bytes.
constexpr size_t kHolderWords = 16;
constexpr size_t kPlatformWords = 64;
constexpr size_t kRunnerWords = 160;

/** Reads and writes this process by way of the kernel, where a wrong address is an error and no crash. */
class OwnMemory {
 public:
  OwnMemory() : fd_(open("/proc/self/mem", O_RDWR | O_CLOEXEC)) {}
  ~OwnMemory() {
    if (fd_ >= 0) close(fd_);
  }
  OwnMemory(const OwnMemory&) = delete;
  OwnMemory& operator=(const OwnMemory&) = delete;
  /** How many words could be read. */
  size_t read(uintptr_t from, uintptr_t* words, size_t count) const {
    const ssize_t got = pread(fd_, words, count * sizeof *words, static_cast<off_t>(from));
    return got < 0 ? 0 : static_cast<size_t>(got) / sizeof *words;
  }
  bool write(uintptr_t to, uintptr_t word) const {
    return pwrite(fd_, &word, sizeof word, static_cast<off_t>(to)) == sizeof word;
  }

 private:
  int fd_;
};

bool may_point(uintptr_t word) { return word >= 4096 && word % sizeof word == 0; }

/** The one NodePlatform, or 0. */
uintptr_t find_platform(const OwnMemory& memory) {
  if (node_platform_vtable == nullptr || v8_platform_holder == nullptr || number_of_worker_threads == nullptr) return 0;
  // An object of the class begins with the address of its table's first function: two words into the symbol.
  const auto table = reinterpret_cast<uintptr_t>(node_platform_vtable + 2);
  uintptr_t words[kHolderWords];
  const size_t known = memory.read(reinterpret_cast<uintptr_t>(v8_platform_holder), words, kHolderWords);
  for (size_t at = 0; at < known; ++at) {
    uintptr_t first = 0;
    if (may_point(words[at]) && memory.read(words[at], &first, 1) == 1 && first == table) return words[at];
  }
  return 0;
}

int ask(uintptr_t platform) { return number_of_worker_threads(reinterpret_cast<void*>(platform)); }

/** A std::vector of `count` pointers: begin, end, end of its space. */
bool may_be_list(const OwnMemory& memory, const uintptr_t* fields, size_t count) {
  const uintptr_t begin = fields[0];
  if (!may_point(begin) || fields[1] != begin + count * sizeof(void*) || fields[2] < fields[1]) return false;
  uintptr_t thread = 0, unused;
  return memory.read(begin, &thread, 1) == 1 && may_point(thread) && memory.read(thread, &unused, 1) == 1;
}

}  // namespace

bool PlatformThreads::is_known() {
  const OwnMemory memory;
  return find_platform(memory) != 0;
}

int PlatformThreads::count() {
  const OwnMemory memory;
  const uintptr_t platform = find_platform(memory);
  return platform == 0 ? 0 : ask(platform);
}

bool PlatformThreads::find() {
  const OwnMemory memory;
  const uintptr_t platform = find_platform(memory);
  if (platform == 0) return false;
  const auto count = static_cast<size_t>(ask(platform));
  uintptr_t words[kPlatformWords];
  uintptr_t runner[kRunnerWords];
  const size_t known = memory.read(platform, words, kPlatformWords);
  for (size_t at = 0; count > 0 && at < known; ++at) {
    const size_t fields = may_point(words[at]) ? memory.read(words[at], runner, kRunnerWords) : 0;
    for (size_t field = 0; field + 2 < fields; ++field) {
      if (!may_be_list(memory, runner + field, count)) continue;
      const uintptr_t begin = runner[field], end = runner[field + 1];
      const uintptr_t place = words[at] + (field + 1) * sizeof(void*);
      if (!memory.write(place, begin)) continue;
      const bool is_it = ask(platform) == 0;
      memory.write(place, end);
      if (!is_it) continue;
      begin_ = begin;
      end_ = reinterpret_cast<uintptr_t*>(place);
      return true;
    }
  }
  return false;
}

void PlatformThreads::forget() const { *end_ = begin_; }

}  // namespace ganger
