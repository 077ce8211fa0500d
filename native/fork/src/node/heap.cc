#include "heap.h"

// Members of v8::Isolate, exported by every Node that is linked for addons. Weak: where one is missing it is null.
extern "C" {
void* current_isolate() __asm__("_ZN2v87Isolate13TryGetCurrentEv") __attribute__((weak));
void low_memory(void* isolate) __asm__("_ZN2v87Isolate21LowMemoryNotificationEv") __attribute__((weak));
}

namespace ganger {

bool collect_all_garbage() {
  if (current_isolate == nullptr || low_memory == nullptr) return false;
  void* isolate = current_isolate();
  if (isolate == nullptr) return false;
  low_memory(isolate);
  return true;
}

}  // namespace ganger
