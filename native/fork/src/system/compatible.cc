// A binary that is built with a new compiler and runs with the C++ library of an older one, as old as Node's own.
#include <cstdlib>

namespace std {

// GCC 11 made this a function of its library's. What calls it are vectors of more elements than memory has bytes.
__attribute__((visibility("hidden"), noreturn)) void __throw_bad_array_new_length() { abort(); }

}  // namespace std
