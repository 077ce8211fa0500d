#pragma once

namespace ganger {

/**
 * Collects all garbage as when memory is low. Unlike gc() this also shrinks V8's space for new objects to its first size,
 * which loading an application has blown up to 32 MiB and more: a child would write all of that once, page by page, before its
 * first small collection, and each page that it writes is no longer shared. False when this Node does not export the call.
 */
bool collect_all_garbage();

}  // namespace ganger
