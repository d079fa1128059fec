// Room: base (layer 0, pure). What may be said while working; the sink is set by cli.
#pragma once

#include <string>

#include "cleat/base/error.hpp"

namespace cleat {

enum class LogLevel { Debug, Info, Warning, Error };

/// One message for the log, with the place in config.json where there is one.
struct LogRecord {
    LogLevel level = LogLevel::Info;
    std::string message;
    std::string pointer = {};
};

using LogSink = void (*)(const LogRecord&);

/// Where log() sends records; the only global of the program. Null (the start) drops them.
void set_log_sink(LogSink sink) noexcept;
void log(const LogRecord& record);
inline void warn(std::string message, std::string pointer = {}) {
    log({LogLevel::Warning, std::move(message), std::move(pointer)});
}

}  // namespace cleat
