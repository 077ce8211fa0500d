#include "connection.h"

#include <algorithm>
#include <cerrno>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

namespace ganger {
namespace {

constexpr size_t kMaxUnsent = 256 * 1024;
constexpr size_t kMaxIdle = 256 * 1024;

}  // namespace

bool Connection::is_stuffed() const { return out_.size() >= kMaxUnsent; }

short Connection::events() const {
  const int events = (out_.empty() ? 0 : POLLOUT) | (is_stuffed() ? 0 : POLLIN);
  return static_cast<short>(events);
}

bool Connection::is_pending() const {
  const size_t left = in_.size() - taken_;
  if (gone_ || is_stuffed() || left < kLengthBytes + kHeadBytes) return false;
  const size_t size = read_u32(in_.data() + taken_);
  return size < kHeadBytes || size > max_frame_ || left >= kLengthBytes + size;
}

void Connection::receive() {
  char buffer[64 * 1024];
  const ssize_t got = read(fd_, buffer, sizeof buffer);
  if (got > 0) in_.append(buffer, static_cast<size_t>(got));
  else if (got == 0 || (errno != EAGAIN && errno != EINTR)) gone_ = true;
}

void Connection::transmit() {
  if (gone_ || out_.empty()) return;
  const ssize_t sent = send(fd_, out_.data(), out_.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
  if (sent >= 0) out_.erase(0, static_cast<size_t>(sent));
  else if (errno != EAGAIN && errno != EINTR) gone_ = true;
}

bool Connection::next(Frame& frame) {
  if (take(frame)) return true;
  forget_taken();
  return false;
}

bool Connection::take(Frame& frame) {
  for (;;) {
    const size_t skipped = std::min(to_skip_, in_.size() - taken_);
    to_skip_ -= skipped;
    taken_ += skipped;
    const size_t left = in_.size() - taken_;
    if (gone_ || is_stuffed() || left < kLengthBytes + kHeadBytes) return false;
    const char* head = in_.data() + taken_ + kLengthBytes;
    const size_t size = read_u32(in_.data() + taken_);
    if (size < kHeadBytes) {
      gone_ = true;
      return false;
    }
    const uint32_t id = read_u32(head + 1);
    if (size > max_frame_) {
      refuse(id, EMSGSIZE, std::to_string(size) + " bytes; the most is " + std::to_string(max_frame_));
      to_skip_ = kLengthBytes + size;
      continue;
    }
    if (left < kLengthBytes + size) return false;
    frame = Frame{static_cast<uint8_t>(head[0]), id, Reader(head + kHeadBytes, size - kHeadBytes)};
    taken_ += kLengthBytes + size;
    return true;
  }
}

void Connection::forget_taken() {
  in_.erase(0, taken_);
  taken_ = 0;
  // One big request must not leave its space with every idle client.
  if (in_.empty() && in_.capacity() > kMaxIdle) std::string().swap(in_);
}

void Connection::answer(Kind kind, uint32_t id, std::initializer_list<int> numbers) {
  std::string body;
  for (const int number : numbers) append_u32(body, static_cast<uint32_t>(number));
  append_frame(out_, kind, id, body);
}

void Connection::refuse(uint32_t id, int problem, const std::string& text) {
  std::string body;
  append_u32(body, static_cast<uint32_t>(problem));
  append_frame(out_, kError, id, body + text);
}

}  // namespace ganger
