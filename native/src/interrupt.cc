// JavaScript handlers run between two turns of the event loop: with one, Ctrl+C would wait for the
// batch that is being computed. A handler of the process writes at once.
#include "interrupt.h"

#ifdef _WIN32
void say_when_interrupted(const uint8_t*, int32_t) {}
#else
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include <atomic>

namespace {

constexpr int kSignals[] = {SIGINT, SIGTERM};
struct sigaction previous[2];

// Two texts, so that a signal in the middle of a change reads a whole one.
char texts[2][1000];
std::atomic<int32_t> lengths[2];
std::atomic<int> current{0};

void handle(int signal) {
  const int which = current.load();
  const ssize_t written = write(STDERR_FILENO, texts[which], lengths[which].load());
  (void)written;  // there is nothing to do about a closed terminal
  const int index = signal == SIGINT ? 0 : 1;
  sigaction(signal, &previous[index], nullptr);
  raise(signal);
}

void install() {
  for (int i = 0; i < 2; i++) {
    sigaction(kSignals[i], nullptr, &previous[i]);
    // Whoever started the process may want it to survive a signal, as nohup does.
    if (previous[i].sa_handler == SIG_IGN) continue;
    struct sigaction action = {};
    action.sa_handler = handle;
    sigemptyset(&action.sa_mask);
    sigaction(kSignals[i], &action, nullptr);
  }
}

}  // namespace

void say_when_interrupted(const uint8_t* text, int32_t length) {
  static bool is_installed = false;
  if (!is_installed && length == 0) return;
  const int next = 1 - current.load();
  const int32_t size = length < 0 ? 0 : length > 1000 ? 1000 : length;
  if (size > 0) memcpy(texts[next], text, size);
  lengths[next].store(size);
  current.store(next);
  if (!is_installed) install();
  is_installed = true;
}
#endif
