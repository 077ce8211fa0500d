// The fork server: one thread, one poll(), no V8. See wire.h for what is said over the socket.
#pragma once
#include <csignal>
#include <map>
#include <poll.h>
#include <string>
#include <unordered_map>
#include <vector>

#include "../child/inheritance.h"
#include "../child/order.h"
#include "../system/signals.h"
#include "connection.h"
#include "listener.h"

namespace ganger {

struct ServerOptions {
  std::string path;
  size_t max_request_bytes = 1 << 20;
  int parent_fd = -1;
  int ready_fd = -1;
  std::vector<int> kept;
};

/** What a child has of its server. */
struct Birth {
  std::string bytes;
  std::vector<int> sockets;
  /** The child cannot be what was asked for: an errno. */
  int problem = 0;
};

class Server {
 public:
  explicit Server(ServerOptions options) : options_(std::move(options)) {}

  /** Listens. Returns 0 or an errno; then nothing has changed. */
  int open();
  /** Serves until the end of this process; returns in each child, with every signal blocked. */
  Birth run();
  /** In the child, when it can take signals again. */
  void restore_signal_mask() const { sigprocmask(SIG_SETMASK, &mask_, nullptr); }

 private:
  struct Child {
    uint64_t client;
    uint32_t id;
    bool has_group;
  };

  void take_signals();
  void announce();
  int collect_polled(std::vector<pollfd>& polled) const;
  bool turn();
  bool is_done();
  void accept_clients();
  void drop_clients();
  void watch_parent();
  void reap_children();
  void report(const Child& child, int status);
  bool serve_client(uint64_t serial, Connection& client, short events);
  bool fork_child(uint64_t serial, Connection& client, Frame& frame);
  bool become_child(Order& order, pid_t server);
  void kill_child(uint64_t serial, Connection& client, Frame& frame);
  pid_t find_child(uint64_t serial, uint32_t id, pid_t pid) const;

  ServerOptions options_;
  Listener listener_;
  Inheritance inheritance_;
  Dispositions dispositions_;
  sigset_t mask_{};
  uint64_t next_serial_ = 1;
  bool draining_ = false;
  bool accept_paused_ = false;
  int farewell_turns_ = 0;
  std::map<uint64_t, Connection> clients_;
  std::unordered_map<pid_t, Child> children_;
  Birth birth_;
};

}  // namespace ganger
