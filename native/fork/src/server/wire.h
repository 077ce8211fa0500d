// Frames, both ways: u32 length of what follows | u8 kind | u32 id | body. All numbers are big-endian.
// The id is chosen by the client, for one fork; every answer about that fork bears it.
#pragma once
#include <cstdint>
#include <string>

namespace ganger {

constexpr size_t kLengthBytes = 4;
constexpr size_t kHeadBytes = 5;  // kind and id

enum Kind : uint8_t {
  kFork = 'F',      // see child/order.h
  kKill = 'K',      // pid i32 (0: the child of this id), signal i32, 1 for its group u8; answered with K and an errno i32
  kShutdown = 'S',  // answered with S; the server ends after its last child
  kPid = 'P',       // pid i32
  kExit = 'X',      // exit code i32 (-1: none), signal i32 (0: none)
  kError = 'E',     // errno i32, text
};

inline uint32_t read_u32(const char* at) {
  const auto* bytes = reinterpret_cast<const uint8_t*>(at);
  return uint32_t{bytes[0]} << 24 | uint32_t{bytes[1]} << 16 | uint32_t{bytes[2]} << 8 | bytes[3];
}

inline void append_u32(std::string& to, uint32_t value) {
  for (int shift = 24; shift >= 0; shift -= 8) to.push_back(static_cast<char>(value >> shift & 0xff));
}

inline void append_frame(std::string& to, Kind kind, uint32_t id, const std::string& body) {
  append_u32(to, static_cast<uint32_t>(kHeadBytes + body.size()));
  to.push_back(static_cast<char>(kind));
  append_u32(to, id);
  to += body;
}

/** Takes values off the front of a byte range and remembers whether there was ever too little. */
class Reader {
 public:
  Reader(const char* at, size_t size) : at_(at), left_(size) {}

  uint8_t u8() { return need(1) ? static_cast<uint8_t>(*take(1)) : 0; }
  uint32_t u32() { return need(4) ? read_u32(take(4)) : 0; }
  int i32() { return static_cast<int>(u32()); }
  /** u16 length and bytes. */
  std::string text() {
    const size_t high = u8();
    const size_t size = high << 8 | u8();
    return need(size) ? std::string(take(size), size) : std::string();
  }
  std::string rest() { return std::string(take(left_), left_); }
  bool complete() const { return complete_; }

 private:
  bool need(size_t size) { return complete_ = complete_ && size <= left_; }
  const char* take(size_t size) {
    const char* from = at_;
    at_ += size;
    left_ -= size;
    return from;
  }

  const char* at_;
  size_t left_;
  bool complete_ = true;
};

}  // namespace ganger
