// Room: base. The log sink, the only global.
#include "cleat/base/log.hpp"

namespace cleat {
namespace {
LogSink g_sink = nullptr;
}

void set_log_sink(LogSink sink) noexcept { g_sink = sink; }

void log(const LogRecord& record) {
    if (g_sink != nullptr) g_sink(record);
}

}  // namespace cleat
