#pragma once
#include <cstdint>
#include <string>

namespace ganger {

/** The socket that clients connect to, for its owner only. */
class Listener {
 public:
  /** Takes over the path of a server that is gone. Returns 0 or an errno. */
  int open(const std::string& path);
  /** A connection, or -1: none is there, or (`is_short`) there is no descriptor for it. */
  int accept(bool& is_short) const;
  int fd() const { return fd_; }
  void close();
  /** Removes the file, unless another server has taken it over. */
  void remove() const;

 private:
  int fd_ = -1;
  std::string path_;
  uint64_t inode_ = 0;
};

}  // namespace ganger
