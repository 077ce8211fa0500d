#pragma once
#include <string>
#include <sys/types.h>

namespace ganger {

/** Collects one ended child that nobody else waits for. 1: done, 0: still running or not a child, or -1 and errno. */
int reap(pid_t pid);
/** Sends one datagram (the protocol of sd_notify). Returns 0 or an errno. */
int notify(const std::string& path, const std::string& text);
/** Makes orphaned descendants children of this process. Returns 0 or an errno. */
int set_subreaper(bool on);

}  // namespace ganger
