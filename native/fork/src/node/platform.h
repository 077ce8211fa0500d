#pragma once
#include <cstdint>

namespace ganger {

/**
 * The list of V8's helper threads inside Node's platform. They do not exist in a forked child, but V8 goes by their
 * number: even with --single-threaded every full garbage collection (and from Node 26 on every small one) hands them a
 * task, to be on the safe side, and Node waits for that task when an event loop has run empty. For ever, in a child.
 * A platform without helpers is an ordinary case for V8; so the child's list is made empty.
 *
 * The list is private to Node. It is found by what it does: it is the vector whose emptying makes
 * NodePlatform::NumberOfWorkerThreads() answer 0. Where it is not found this package does not fork.
 */
class PlatformThreads {
 public:
  /** Whether this is a Node whose platform is known. Looks only. */
  static bool is_known();
  /** How many there are; 0 when the platform is not known. */
  static int count();
  /** Before a fork, with all of them idle: puts candidates to the test. False when the list was not found. */
  bool find();
  /** In the child. */
  void forget() const;

 private:
  uintptr_t begin_ = 0;
  uintptr_t* end_ = nullptr;
};

}  // namespace ganger
