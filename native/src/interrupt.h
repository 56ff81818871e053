// One line that is said when a signal ends the process.
#pragma once
#include <stdint.h>

// What SIGINT and SIGTERM write to standard error from now on, before they do what they did; at
// most 1,000 bytes of it. A length of 0: nothing.
void say_when_interrupted(const uint8_t* text, int32_t length);
