// What a child is to be like. The body of a fork's frame:
//   detached u8 (0 no, 1 group, 2 session, 3 joins a group) | parent-death signal u8 (0: none) | group u32 (0: none) |
//   three streams, see streams.h |
//   working directory (empty: the server's) | number of sockets u8, and of each path, hello | the rest is the child's bytes
#pragma once
#include <string>
#include <sys/types.h>
#include <utility>
#include <vector>

#include "../server/wire.h"
#include "streams.h"

namespace ganger {

class Order {
 public:
  Order() = default;
  ~Order() { close_all(); }
  Order(const Order&) = delete;
  Order& operator=(const Order&) = delete;

  /** False when the bytes are no order. */
  bool read(Reader& from);
  /** In the server: opens all that the child is to have. Never waits. Returns 0, or an errno and what it is about. */
  int prepare(std::string& culprit);
  /** In the server, once there is a child: what must be done by whichever of the two comes first. */
  void settle(pid_t pid) const;
  /** In the child. Returns 0 or an errno. */
  int become(pid_t server);

  /** Leads a group of its own. */
  bool has_group() const { return detached_ == kGroup || detached_ == kSession; }
  /** Whoever takes them closes them. */
  std::vector<int> take_sockets() { return std::move(sockets_); }
  std::string take_bytes() { return std::move(bytes_); }

 private:
  enum Detached : uint8_t { kAttached, kGroup, kSession, kJoined };

  bool read_sockets(Reader& from);
  void close_all();

  uint8_t detached_ = kAttached;
  uint8_t death_signal_ = 0;
  pid_t group_ = 0;
  Streams streams_;
  std::string directory_;
  int directory_fd_ = -1;
  std::vector<Stream> targets_;
  std::vector<int> sockets_;
  std::string bytes_;
};

}  // namespace ganger
