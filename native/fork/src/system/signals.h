#pragma once
#include <csignal>
#include <vector>

namespace ganger {

/** Signal dispositions of the server, and how to go back to those of before. */
class Dispositions {
 public:
  void set(int signal, void (*handler)(int));
  void restore();

 private:
  struct Saved {
    int signal;
    struct sigaction action;
  };
  std::vector<Saved> saved_;
};

/** No signal is handled while it lives. What was blocked before is blocked after. */
class SignalPause {
 public:
  SignalPause();
  ~SignalPause();
  SignalPause(const SignalPause&) = delete;
  SignalPause& operator=(const SignalPause&) = delete;
  /** In a child: its signals stay blocked until somebody else unblocks them. */
  void keep() { kept_ = true; }

 private:
  sigset_t before_;
  bool kept_ = false;
};

}  // namespace ganger
