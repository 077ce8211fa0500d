#include "signals.h"

#include <cstring>

namespace ganger {

void Dispositions::set(int signal, void (*handler)(int)) {
  struct sigaction action;
  memset(&action, 0, sizeof action);
  action.sa_handler = handler;
  action.sa_flags = SA_RESTART;
  sigfillset(&action.sa_mask);
  Saved saved{signal, {}};
  if (sigaction(signal, &action, &saved.action) == 0) saved_.push_back(saved);
}

void Dispositions::restore() {
  for (const Saved& saved : saved_) sigaction(saved.signal, &saved.action, nullptr);
  saved_.clear();
}

SignalPause::SignalPause() {
  sigset_t all;
  sigfillset(&all);
  // On Linux for this thread alone, as pthread_sigmask, which would ask for glibc 2.32.
  sigprocmask(SIG_SETMASK, &all, &before_);
}

SignalPause::~SignalPause() {
  if (!kept_) sigprocmask(SIG_SETMASK, &before_, nullptr);
}

}  // namespace ganger
