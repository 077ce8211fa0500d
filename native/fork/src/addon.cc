// The JavaScript face of it, by Node-API alone: one binary for every version of Node.
#include <cerrno>
#include <cstring>
#include <memory>
#include <node_api.h>
#include <string>
#include <unistd.h>
#include <vector>

#include "node/heap.h"
#include "node/platform.h"
#include "server/server.h"
#include "system/process.h"

// Part of libuv's stable ABI, and exported by every Node; its header is not part of Node-API.
struct uv_loop_s;
extern "C" int uv_loop_fork(struct uv_loop_s* loop);
extern "C" void uv_update_time(struct uv_loop_s* loop);

namespace {

using Args = std::vector<napi_value>;

Args arguments(napi_env env, napi_callback_info info) {
  napi_value values[4];
  size_t count = 4;
  napi_get_cb_info(env, info, &count, values, nullptr, nullptr);
  return Args(values, values + 4);
}

std::string to_text(napi_env env, napi_value value) {
  size_t size = 0;
  napi_get_value_string_utf8(env, value, nullptr, 0, &size);
  std::string text(size, '\0');
  napi_get_value_string_utf8(env, value, &text[0], size + 1, &size);
  return text;
}

int to_int(napi_env env, napi_value value, int otherwise) {
  int32_t number = otherwise;
  napi_get_value_int32(env, value, &number);
  return number;
}

napi_value undefined(napi_env env) {
  napi_value value;
  napi_get_undefined(env, &value);
  return value;
}

napi_value to_number(napi_env env, int number) {
  napi_value value;
  napi_create_int32(env, number, &value);
  return value;
}

/** An Error of Node's usual shape: `errno` and the text; the JavaScript side puts the code to it. */
napi_value throw_errno(napi_env env, const char* call, int problem) {
  napi_value message, error, number;
  const std::string text = std::string(call) + ": " + strerror(problem);
  napi_create_string_utf8(env, text.c_str(), text.size(), &message);
  napi_create_error(env, nullptr, message, &error);
  napi_create_int32(env, problem, &number);
  napi_set_named_property(env, error, "errno", number);
  napi_throw(env, error);
  return nullptr;
}

std::vector<int> to_ints(napi_env env, napi_value array) {
  std::vector<int> numbers;
  uint32_t length = 0;
  napi_get_array_length(env, array, &length);
  for (uint32_t at = 0; at < length; ++at) {
    napi_value value;
    napi_get_element(env, array, at, &value);
    numbers.push_back(to_int(env, value, -1));
  }
  return numbers;
}

napi_value property(napi_env env, napi_value object, const char* name) {
  napi_value value;
  napi_get_named_property(env, object, name, &value);
  return value;
}

/** { request, sockets } */
napi_value to_object(napi_env env, const ganger::Birth& birth) {
  napi_value object, bytes, sockets;
  napi_create_object(env, &object);
  napi_create_buffer_copy(env, birth.bytes.size(), birth.bytes.data(), nullptr, &bytes);
  napi_set_named_property(env, object, "request", bytes);
  napi_create_array(env, &sockets);
  uint32_t at = 0;
  for (const int fd : birth.sockets) napi_set_element(env, sockets, at++, to_number(env, fd));
  napi_set_named_property(env, object, "sockets", sockets);
  return object;
}

/** Nothing of JavaScript's can be done yet, and nobody is there to be told but standard error. */
[[noreturn]] void be_stillborn(const char* call, const char* problem) {
  dprintf(2, "ganger-fork: a forked child cannot begin: %s: %s\n", call, problem);
  _exit(70);
}

/** serve(path, { maxRequestBytes, parentFd, readyFd, keep }): what `to_object` says, in each child; never returns otherwise. */
napi_value serve(napi_env env, napi_callback_info info) {
  const Args args = arguments(env, info);
  ganger::ServerOptions options;
  options.path = to_text(env, args[0]);
  options.max_request_bytes = static_cast<size_t>(to_int(env, property(env, args[1], "maxRequestBytes"), 0));
  options.parent_fd = to_int(env, property(env, args[1], "parentFd"), -1);
  options.ready_fd = to_int(env, property(env, args[1], "readyFd"), -1);
  options.kept = to_ints(env, property(env, args[1], "keep"));
  ganger::PlatformThreads threads;
  if (!threads.find()) return throw_errno(env, "V8's threads are kept in a way that is not known", ENOTSUP);
  ganger::Server server(std::move(options));
  if (const int problem = server.open()) return throw_errno(env, "serve", problem);

  const ganger::Birth birth = server.run();

  threads.forget();
  uv_loop_s* loop = nullptr;
  napi_get_uv_event_loop(env, &loop);
  if (const int problem = uv_loop_fork(loop)) be_stillborn("uv_loop_fork", strerror(-problem));
  // It stood still while the server served.
  uv_update_time(loop);
  if (birth.problem != 0) be_stillborn("fork", strerror(birth.problem));
  // Only now: a signal before would have been written into the server's own pipe.
  server.restore_signal_mask();
  return to_object(env, birth);
}

/** isPlatformKnown(): without it this Node cannot be forked. */
napi_value is_platform_known(napi_env env, napi_callback_info) {
  napi_value value;
  napi_get_boolean(env, ganger::PlatformThreads::is_known(), &value);
  return value;
}

/** platformThreads(): how many helpers V8 has here. */
napi_value collect_all_garbage(napi_env env, napi_callback_info) {
  napi_value value;
  napi_get_boolean(env, ganger::collect_all_garbage(), &value);
  return value;
}

napi_value platform_threads(napi_env env, napi_callback_info) {
  return to_number(env, ganger::PlatformThreads::count());
}

int exit_code = 0;

/** Runs when the child's event loop is empty, before Node joins threads that this process does not have. */
void leave(void*) { _exit(exit_code); }

/** exitBeforeTeardown(code): what `leave` will say; the hook is set by the first call. */
napi_value exit_before_teardown(napi_env env, napi_callback_info info) {
  static bool hooked = false;
  exit_code = to_int(env, arguments(env, info)[0], 0);
  if (!hooked) napi_add_env_cleanup_hook(env, leave, nullptr);
  hooked = true;
  return undefined(env);
}

napi_value exit_now(napi_env env, napi_callback_info info) { _exit(to_int(env, arguments(env, info)[0], 0)); }

napi_value pid(napi_env env, napi_callback_info) { return to_number(env, getpid()); }

napi_value parent_pid(napi_env env, napi_callback_info) { return to_number(env, getppid()); }

napi_value reap(napi_env env, napi_callback_info info) {
  const int done = ganger::reap(to_int(env, arguments(env, info)[0], 0));
  if (done < 0) return throw_errno(env, "waitpid", errno);
  napi_value value;
  napi_get_boolean(env, done == 1, &value);
  return value;
}

napi_value notify(napi_env env, napi_callback_info info) {
  const Args args = arguments(env, info);
  const int problem = ganger::notify(to_text(env, args[0]), to_text(env, args[1]));
  return problem == 0 ? undefined(env) : throw_errno(env, "sendto", problem);
}

napi_value set_subreaper(napi_env env, napi_callback_info info) {
  bool on = true;
  napi_get_value_bool(env, arguments(env, info)[0], &on);
  const int problem = ganger::set_subreaper(on);
  return problem == 0 ? undefined(env) : throw_errno(env, "prctl", problem);
}

void define(napi_env env, napi_value exports, const char* name, napi_callback call) {
  napi_value function;
  napi_create_function(env, name, NAPI_AUTO_LENGTH, call, nullptr, &function);
  napi_set_named_property(env, exports, name, function);
}

}  // namespace

NAPI_MODULE_INIT() {
  define(env, exports, "isPlatformKnown", is_platform_known);
  define(env, exports, "collectAllGarbage", collect_all_garbage);
  define(env, exports, "platformThreads", platform_threads);
  define(env, exports, "serve", serve);
  define(env, exports, "exitBeforeTeardown", exit_before_teardown);
  define(env, exports, "exitNow", exit_now);
  define(env, exports, "pid", pid);
  define(env, exports, "parentPid", parent_pid);
  define(env, exports, "reap", reap);
  define(env, exports, "notify", notify);
  define(env, exports, "setSubreaper", set_subreaper);
  return exports;
}
