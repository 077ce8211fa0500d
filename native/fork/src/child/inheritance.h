// The descriptors that a freshly forked child goes on with.
#pragma once
#include <vector>

namespace ganger {

class Inheritance {
 public:
  /**
   * Before the server opens its own: what is open now is the child's as well. `kept` are named by the user; `withheld` are
   * the server's although they are open already. Returns 0 or an errno.
   */
  int note(const std::vector<int>& kept, const std::vector<int>& withheld);
  /** The server has closed one that was withheld: its number may come to mean something else. */
  void forget(int fd);
  /**
   * In the child: closes all others but those that were opened for it, and parts with the server where two processes may not
   * share one. Needs a free descriptor. Returns 0 or an errno.
   */
  int apply(const std::vector<int>& opened) const;

 private:
  bool passes(int fd) const;
  std::vector<int> passed_;
  std::vector<int> withheld_;
  std::vector<int> wakeups_;
};

}  // namespace ganger
