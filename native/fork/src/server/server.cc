#include "server.h"

#include <cerrno>
#include <sys/eventfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../node/memory.h"

namespace ganger {
namespace {

constexpr int kPauseMs = 100;
constexpr int kFarewellTurns = 20;  // of kPauseMs: how long the last answers may take to leave

// Signal handlers can reach nothing but globals. There is one server in a process.
int wakeup = -1;
volatile sig_atomic_t asked_to_end = 0;

void wake() {
  const int saved = errno;
  const uint64_t one = 1;
  // Fails only when the counter is full, that is, when the server is being woken anyway.
  if (write(wakeup, &one, sizeof one) < 0) errno = saved;
  errno = saved;
}

void on_child(int) { wake(); }

void on_end(int) {
  asked_to_end = 1;
  wake();
}

}  // namespace

int Server::open() {
  if (const int problem = inheritance_.note(options_.kept, {options_.parent_fd, options_.ready_fd})) return problem;
  if (const int problem = listener_.open(options_.path)) return problem;
  wakeup = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  if (wakeup >= 0) return 0;
  const int problem = errno;
  listener_.remove();
  listener_.close();
  return problem;
}

void Server::take_signals() {
  sigprocmask(SIG_SETMASK, nullptr, &mask_);
  dispositions_.set(SIGCHLD, on_child);
  dispositions_.set(SIGTERM, on_end);
  // Ctrl-C reaches the owner too, and the owner decides. Without one it is the way to end.
  for (const int signal : {SIGINT, SIGHUP, SIGQUIT}) {
    dispositions_.set(signal, options_.parent_fd >= 0 ? SIG_IGN : on_end);
  }
  // Node would start its inspector, a thread, on SIGUSR1.
  for (const int signal : {SIGUSR1, SIGUSR2, SIGPIPE}) dispositions_.set(signal, SIG_IGN);
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
}

void Server::announce() {
  if (options_.ready_fd < 0) return;
  if (write(options_.ready_fd, "ready\n", 6) < 0 && options_.ready_fd == options_.parent_fd) draining_ = true;
  if (options_.ready_fd == options_.parent_fd) return;
  close(options_.ready_fd);
  inheritance_.forget(options_.ready_fd);
}

Birth Server::run() {
  take_signals();
  announce();
  while (!is_done()) {
    if (turn()) return std::move(birth_);
  }
  listener_.remove();
  _exit(0);
}

bool Server::is_done() {
  if (!draining_ || !children_.empty()) return false;
  for (const auto& [serial, client] : clients_) {
    if ((client.events() & POLLOUT) != 0) return ++farewell_turns_ > kFarewellTurns;
  }
  return true;
}

/** Answers how long poll() may wait. */
int Server::collect_polled(std::vector<pollfd>& polled) const {
  bool hurry = false;
  polled.push_back({wakeup, POLLIN, 0});
  polled.push_back({accept_paused_ ? -1 : listener_.fd(), POLLIN, 0});
  polled.push_back({options_.parent_fd, POLLIN, 0});
  for (const auto& [serial, client] : clients_) {
    polled.push_back({client.fd(), client.events(), 0});
    hurry = hurry || client.is_pending();
  }
  if (hurry) return 0;
  return accept_paused_ || (draining_ && children_.empty()) ? kPauseMs : -1;
}

/** True in a child. */
bool Server::turn() {
  std::vector<pollfd> polled;
  const int wait = collect_polled(polled);
  const int ready = poll(polled.data(), polled.size(), wait);
  accept_paused_ = false;
  if (ready < 0) return false;  // EINTR: the handler wrote to `wakeup` as well
  uint64_t count;
  if (polled[0].revents != 0 && read(wakeup, &count, sizeof count) < 0) return false;
  if (asked_to_end != 0) draining_ = true;
  reap_children();
  if (polled[2].revents != 0) watch_parent();
  size_t at = 3;
  // The map changes only below this loop, so its order is that of `polled`.
  for (auto& [serial, client] : clients_) {
    if (serve_client(serial, client, polled[at++].revents)) return true;
  }
  drop_clients();
  if (polled[1].revents != 0) accept_clients();
  return false;
}

void Server::drop_clients() {
  for (auto entry = clients_.begin(); entry != clients_.end();) {
    const Connection& client = entry->second;
    if (client.gone()) close(client.fd());
    entry = client.gone() ? clients_.erase(entry) : std::next(entry);
  }
}

void Server::accept_clients() {
  // While it is out of descriptors the listener stays readable, and poll() would spin.
  for (int fd; (fd = listener_.accept(accept_paused_)) >= 0;) {
    clients_.emplace(next_serial_++, Connection(fd, options_.max_request_bytes));
  }
}

void Server::watch_parent() {
  char ignored[256];
  const ssize_t got = read(options_.parent_fd, ignored, sizeof ignored);
  if (got > 0 || (got < 0 && (errno == EAGAIN || errno == EINTR))) return;
  options_.parent_fd = -1;
  draining_ = true;
}

void Server::reap_children() {
  int status;
  pid_t pid;
  while ((pid = waitpid(-1, &status, WNOHANG)) > 0 || (pid < 0 && errno == EINTR)) {
    const auto child = children_.find(pid);
    if (pid < 0 || child == children_.end()) continue;
    report(child->second, status);
    children_.erase(child);
  }
}

void Server::report(const Child& child, int status) {
  const auto client = clients_.find(child.client);
  if (client == clients_.end()) return;
  const int code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  const int signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
  client->second.answer(kExit, child.id, {code, signal});
}

/** True in a child. */
bool Server::serve_client(uint64_t serial, Connection& client, short events) {
  if ((events & (POLLIN | POLLHUP | POLLERR)) != 0) client.receive();
  Frame frame{0, 0, Reader(nullptr, 0)};
  while (client.next(frame)) {
    if (frame.kind == kFork) {
      if (fork_child(serial, client, frame)) return true;
      // A fork takes long: first the others have their turn, and ends are told.
      break;
    }
    if (frame.kind == kKill) {
      kill_child(serial, client, frame);
    } else if (frame.kind == kShutdown) {
      draining_ = true;
      client.answer(kShutdown, frame.id, {});
    } else {
      client.refuse(frame.id, EPROTO, "an unknown kind of request");
    }
  }
  client.transmit();
  return false;
}

/** True in a child. */
bool Server::fork_child(uint64_t serial, Connection& client, Frame& frame) {
  Order order;
  std::string culprit;
  int problem = 0;
  if (!order.read(frame.body)) {
    problem = EPROTO;
    culprit = "a fork that cannot be read";
  } else if (draining_) {
    problem = ESHUTDOWN;
    culprit = "the fork server is ending";
  } else {
    problem = order.prepare(culprit);
  }
  if (problem != 0) {
    client.refuse(frame.id, problem, culprit);
    return false;
  }
  // Until the child has its own handlers again; it would otherwise run the server's.
  SignalPause pause;
  const pid_t server = getpid();
  problem = allow_fork_of_memory();
  const pid_t pid = problem == 0 ? fork() : -1;
  if (pid < 0) {
    client.refuse(frame.id, problem != 0 ? problem : errno, "fork");
    return false;
  }
  if (pid == 0) {
    pause.keep();
    return become_child(order, server);
  }
  order.settle(pid);
  children_[pid] = Child{serial, frame.id, order.has_group()};
  client.answer(kPid, frame.id, {pid});
  return false;
}

bool Server::become_child(Order& order, pid_t server) {
  birth_.bytes = order.take_bytes();
  // First of all, so that there is a descriptor to spare.
  listener_.close();
  birth_.problem = order.become(server);
  dispositions_.restore();
  birth_.sockets = order.take_sockets();
  if (const int problem = inheritance_.apply(birth_.sockets)) birth_.problem = problem;
  return true;
}

pid_t Server::find_child(uint64_t serial, uint32_t id, pid_t pid) const {
  if (pid != 0) return children_.count(pid) == 0 ? 0 : pid;
  for (const auto& [candidate, child] : children_) {
    if (child.client == serial && child.id == id) return candidate;
  }
  return 0;
}

/** Here and not in the client: as long as the server has not collected the child, no other process has its pid. */
void Server::kill_child(uint64_t serial, Connection& client, Frame& frame) {
  const pid_t wanted = frame.body.i32();
  const int signal = frame.body.i32();
  const bool group = frame.body.u8() != 0;
  if (!frame.body.complete()) {
    client.answer(kKill, frame.id, {EPROTO});
    return;
  }
  const pid_t pid = find_child(serial, frame.id, wanted);
  if (pid == 0) {
    client.answer(kKill, frame.id, {ESRCH});
    return;
  }
  const bool has_group = children_.at(pid).has_group;
  // A child that is younger than this request may not have made its session yet; then it is the only one of it.
  const bool sent = (group && has_group && kill(-pid, signal) == 0) || kill(pid, signal) == 0;
  client.answer(kKill, frame.id, {sent ? 0 : errno});
}

}  // namespace ganger
