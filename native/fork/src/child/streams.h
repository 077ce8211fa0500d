// What a child's standard streams are, as the request says it:
//   'i'                      the server's own
//   '0'                      /dev/null
//   '1'                      (standard error only) the same as standard output
//   'f' path                 a file: read for stdin, else appended to and made with mode 0600
//   's' path, hello          a Unix socket that somebody listens on; `hello` is sent first, so that the listener can
//                            tell one child's stream from another's
// path and hello are u16 length and bytes.
#pragma once
#include <string>

#include "../server/wire.h"

namespace ganger {

struct Stream {
  char kind = 'i';
  std::string path;
  std::string hello;
};

struct Streams {
  Stream streams[3];
  int descriptors[3] = {-1, -1, -1};

  /** False when the bytes are no three streams. */
  bool read(Reader& from);
  /** In the server, so that what cannot be opened is told to who asked. Never waits. Returns 0 or an errno. */
  int open_all(std::string& culprit);
  void close_all();
  /** In the child: puts the opened descriptors in place. */
  void install();
};

}  // namespace ganger
