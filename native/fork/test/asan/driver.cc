// The plain half of the addon (all but Node-API and libuv) in a program of its own, for AddressSanitizer: a server, and
// a client that speaks the protocol to it, well and badly. Exit code 0 when every answer is the expected one.
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <string>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../../src/server/server.h"
#include "../../src/system/process.h"
#include "../../src/system/unix_socket.h"

using namespace ganger;

namespace {

int failures = 0;

void expect(bool holds, const char* what) {
  if (holds) return;
  fprintf(stderr, "not so: %s\n", what);
  ++failures;
}

/** The children do what the first byte of their request says. */
[[noreturn]] void child(const Birth& birth) {
  const std::string& request = birth.bytes;
  if (birth.problem != 0) exit(99);
  if (request[0] == 's') exit(getsid(0) == getpid() ? static_cast<int>(birth.sockets.size()) : 98);
  if (request[0] == 'k') abort();
  if (request[0] == 'p') dprintf(1, "%zu bytes", request.size());
  if (request[0] == 'w') usleep(200'000);
  exit(request[0] == 'e' ? 7 : 0);
}

int connect_soon(const std::string& path) {
  for (int tries = 0; tries < 500; ++tries) {
    const int fd = connect_to(path, "");
    if (fd >= 0) {
      fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) & ~O_NONBLOCK);
      return fd;
    }
    usleep(10'000);
  }
  return -1;
}

void say(int fd, Kind kind, uint32_t id, const std::string& body) {
  std::string frame;
  append_frame(frame, kind, id, body);
  // In small pieces: frames must be put together again.
  for (size_t at = 0; at < frame.size(); at += 4099) {
    const std::string piece = frame.substr(at, 4099);
    if (write(fd, piece.data(), piece.size()) < 0) return;
  }
}

std::string hear(int fd) {
  char head[4];
  if (recv(fd, head, 4, MSG_WAITALL) != 4) return {};
  std::string frame(read_u32(head), '\0');
  recv(fd, &frame[0], frame.size(), MSG_WAITALL);
  return frame;
}

/** An order: detached, no death signal, no group, streams, no directory. */
std::string order(char detached, const std::string& streams) {
  return std::string({detached, '\0', '\0', '\0', '\0', '\0'}) + streams + std::string(2, '\0');
}

const std::string none(1, '\0');
const std::string quiet = order(0, "000") + none;

void check_children(int fd) {
  for (uint32_t id = 1; id <= 50; ++id) {
    say(fd, kFork, id, quiet + (id % 3 == 0 ? "k" : "e"));
    expect(hear(fd)[0] == kPid, "a pid is answered");
    const std::string end = hear(fd);
    expect(end[0] == kExit && read_u32(&end[1]) == id, "the end of the same fork");
    expect(id % 3 == 0 ? read_u32(&end[9]) == SIGABRT : read_u32(&end[5]) == 7, "with its code or signal");
  }
}

std::string text(const std::string& value) {
  return std::string(1, static_cast<char>(value.size() >> 8)) + static_cast<char>(value.size() & 0xff) + value;
}

void check_streams(int fd, const std::string& dir) {
  say(fd, kFork, 100, order(1, "0f" + text(dir + "/out") + "1") + none + "p" + std::string(900'000, 'x'));
  expect(hear(fd)[0] == kPid, "a big request, in a group of its own");
  expect(hear(fd)[0] == kExit, "and its end");
  char said[64] = {};
  FILE* file = fopen((dir + "/out").c_str(), "r");
  expect(file != nullptr && fgets(said, sizeof said, file) != nullptr, "a file of its output");
  if (file != nullptr) fclose(file);
  expect(strcmp(said, "900001 bytes") == 0, "all of the request");
  say(fd, kFork, 101, order(0, "0s" + text(dir + "/nobody") + text("hello") + "0") + none + "p");
  expect(hear(fd)[0] == kError, "a socket nobody listens on");
  const std::string target = text(dir + "/fork.sock") + text("\xff\xff\xff\xff");
  say(fd, kFork, 102, order(2, "000") + '\2' + target + target + "s");
  expect(hear(fd)[0] == kPid, "two sockets, and a session");
  expect(read_u32(&hear(fd)[5]) == 2, "and its end");
}

void check_nonsense(int fd, const std::string& path) {
  say(fd, kFork, 200, "");
  expect(hear(fd)[0] == kError, "an empty fork");
  say(fd, kFork, 201, std::string(2, '\0') + "f\xff\xff");
  expect(hear(fd)[0] == kError, "a path that is cut off");
  say(fd, kFork, 206, order(0, "000") + '\x11' + std::string(100, '\0'));
  expect(hear(fd)[0] == kError, "too many sockets");
  say(fd, kFork, 207, order(3, "000") + none);
  expect(hear(fd)[0] == kError, "detached in no known way");
  say(fd, kFork, 208, order(0, "000").substr(0, 5) + text("/nowhere") + none);
  expect(hear(fd)[0] == kError, "a directory that is not there");
  say(fd, kFork, 202, std::string(2, '\0') + "100");
  expect(hear(fd)[0] == kError, "a stream of no such kind");
  say(fd, static_cast<Kind>('?'), 203, "x");
  expect(hear(fd)[0] == kError, "an unknown request");
  say(fd, kKill, 204, "ab");
  expect(hear(fd)[0] == kKill, "a kill that is cut off");
  say(fd, kKill, 204, std::string(8, '\1') + none);
  expect(read_u32(&hear(fd)[5]) == ESRCH, "a kill of nobody");
  say(fd, kFork, 205, std::string(3'000'000, 'x'));
  expect(hear(fd)[0] == kError, "one that is too big");
  const int rude = connect_soon(path);
  expect(write(rude, "\0\0\0\1xxxxxxxxxxxx", 16) == 16, "what is no frame");
  expect(hear(rude).empty(), "is answered by a closed connection");
  close(rude);
}

void check_leaving(const std::string& path) {
  const int leaving = connect_soon(path);
  say(leaving, kFork, 1, quiet + "w");
  hear(leaving);
  close(leaving);
}

}  // namespace

int main() {
  char name[] = "/tmp/ganger-fork-asan-XXXXXX";
  const std::string dir = mkdtemp(name);
  const std::string path = dir + "/fork.sock";
  const pid_t server = fork();
  if (server == 0) {
    ServerOptions options;
    options.path = path;
    Server serving(options);
    if (serving.open() != 0) exit(3);
    child(serving.run());
  }
  const int fd = connect_soon(path);
  check_children(fd);
  check_streams(fd, dir);
  check_nonsense(fd, path);
  check_leaving(path);
  expect(notify("@nobody-listens", "x") != 0, "nobody to notify");
  expect(reap(server) == 0, "the server runs");
  say(fd, kShutdown, 300, "");
  expect(hear(fd)[0] == kShutdown, "a shutdown is answered");
  say(fd, kFork, 301, quiet + "e");
  const std::string refusal = hear(fd);
  expect(refusal.empty() || refusal[0] == kError, "and no fork follows");
  int status = 0;
  waitpid(server, &status, 0);
  expect(WIFEXITED(status) && WEXITSTATUS(status) == 0, "the server ends well");
  struct stat gone;
  expect(stat(path.c_str(), &gone) != 0, "and takes its socket along");
  if (system(("rm -rf " + dir).c_str()) != 0) ++failures;
  printf("%s\n", failures == 0 ? "all as expected" : "FAILED");
  return failures == 0 ? 0 : 1;
}
