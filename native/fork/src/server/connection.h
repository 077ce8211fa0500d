// One client's end of the socket, with what is half read and half written of it.
#pragma once
#include <cstdint>
#include <initializer_list>
#include <string>

#include "wire.h"

namespace ganger {

struct Frame {
  uint8_t kind;
  uint32_t id;
  Reader body;
};

class Connection {
 public:
  Connection(int fd, size_t max_frame) : fd_(fd), max_frame_(max_frame) {}

  int fd() const { return fd_; }
  /** The other end has closed, or has said what is no frame. */
  bool gone() const { return gone_; }
  /** What poll() is to wait for. A client that does not read its answers is not read from either. */
  short events() const;
  /** A frame is here already: there is no need to wait. */
  bool is_pending() const;

  void receive();
  void transmit();
  /** The next complete frame, good until `receive` or the next `next`. One that is too long is answered, and passed over unkept. */
  bool next(Frame& frame);
  void answer(Kind kind, uint32_t id, std::initializer_list<int> numbers);
  void refuse(uint32_t id, int problem, const std::string& text);

 private:
  bool is_stuffed() const;
  bool take(Frame& frame);
  void forget_taken();

  int fd_;
  size_t max_frame_;
  std::string in_;
  std::string out_;
  size_t taken_ = 0;    // of in_, by `next`
  size_t to_skip_ = 0;  // of what is still to come
  bool gone_ = false;
};

}  // namespace ganger
