#pragma once

namespace ganger {

/**
 * Lets a forked child have all of this process's private memory. V8 marks its heap and code MADV_DONTFORK; a child
 * without them dies at its first instruction of JavaScript. Returns 0 or an errno.
 * Nothing of V8 may run between this and fork(): it could map new memory that the child would lack.
 */
int allow_fork_of_memory();

}  // namespace ganger
