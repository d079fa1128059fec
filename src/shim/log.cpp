// Room: shim. The log.
#include "log.hpp"

#include <unistd.h>

#include "cleat/base/log.hpp"
#include "cleat/base/text.hpp"
#include "cleat/sys/files.hpp"

namespace cleat::shim {
namespace {

/// What cannot be written has no other place to go.
void write_log(int fd, const LogRecord& record) {
    if (record.level < LogLevel::Warning) return;
    const bool warning = record.level == LogLevel::Warning;
    const std::string place = record.pointer.empty() ? "" : concat(" (", record.pointer, ")");
    static_cast<void>(sys::write_all(
        fd, concat("level=", warning ? "warning" : "error",
                   " msg=", quoted(concat("cleat: ", record.message, place)), "\n")));
}

}  // namespace

void log_to_stderr() {
    set_log_sink([](const LogRecord& record) { write_log(STDERR_FILENO, record); });
}

void log_of_errand() {
    set_log_sink([](const LogRecord& record) { write_log(kErrandLog, record); });
}

}  // namespace cleat::shim
