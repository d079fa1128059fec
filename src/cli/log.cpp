// Room: cli. The log's target. A line is one write(2), so lines of several processes that append to
// one file stay whole.
#include "log.hpp"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <string_view>

#include "cleat/base/log.hpp"
#include "cleat/base/text.hpp"
#include "cleat/base/time.hpp"
#include "cleat/sys/fd.hpp"
#include "cleat/sys/files.hpp"
#include "json.hpp"

namespace cleat::cli {
namespace {

enum class Outlet { Stderr, File, Journald, Syslog };
enum class Form { Text, Json };

struct Log {
    Outlet target = Outlet::Stderr;
    Form form = Form::Text;
    LogLevel threshold = LogLevel::Error;
    std::string name;  ///< the file's path, or who speaks
    sys::Fd fd;
};

/// The sink is a plain function, so what it needs is kept here.
Log& the_log() {
    static Log log;
    return log;
}

std::string_view name_of(LogLevel level) {
    switch (level) {
        case LogLevel::Debug:
            return "debug";
        case LogLevel::Info:
            return "info";
        case LogLevel::Warning:
            return "warning";
        case LogLevel::Error:
            return "error";
    }
    return "error";
}

/// syslog(3): 3 is an error, 7 is debug.
int priority_of(LogLevel level) {
    switch (level) {
        case LogLevel::Debug:
            return 7;
        case LogLevel::Info:
            return 6;
        case LogLevel::Warning:
            return 4;
        case LogLevel::Error:
            return 3;
    }
    return 3;
}

/// Without a flag, warnings go to stderr (runtime.md#lifecycle demands one of a failed poststop
/// hook), but not to a file: Podman reads a whole log file as one JSON object.
LogLevel level_of(const Globals& globals) {
    if (globals.debug || globals.log_level == "debug") return LogLevel::Debug;
    if (globals.log_level == "info") return LogLevel::Info;
    if (globals.log_level == "warning") return LogLevel::Warning;
    if (globals.log_level == "error") return LogLevel::Error;
    return globals.log.empty() ? LogLevel::Warning : LogLevel::Error;
}

/// A message is one line whatever it quotes.
std::string one_line(std::string_view text) {
    std::string out(text);
    for (char& c : out) {
        const auto byte = static_cast<unsigned char>(c);
        if (byte < 0x20 || byte == 0x7f) c = ' ';
    }
    return out;
}

std::string now() {
    return rfc3339(std::chrono::system_clock::now().time_since_epoch(), Fraction::None);
}

/// The text of an error names its place already.
std::string text_of(const LogRecord& record) {
    if (record.pointer.empty() || record.level == LogLevel::Error) return record.message;
    return concat(record.message, " (", record.pointer, ")");
}

std::string line_of(const Log& log, const LogRecord& record) {
    if (log.form == Form::Json)
        return log_line({name_of(record.level), record.message, now(), record.pointer});
    return concat("time=", quoted(now()), " level=", name_of(record.level),
                  " msg=", quoted(text_of(record)), "\n");
}

Result<sys::Fd> open_datagram(const char* path) {
    ::sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::strncpy(address.sun_path, path, sizeof address.sun_path - 1);
    sys::Fd socket(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    const auto* generic = static_cast<const ::sockaddr*>(static_cast<const void*>(&address));
    if (!socket || ::connect(socket.get(), generic, sizeof address) < 0)
        return fail_errno(concat("connect to ", path), errno);
    return socket;
}

/// systemd.journal-fields(7), the native protocol: one field a line.
std::string journal_message(const Log& log, const LogRecord& record) {
    return concat("MESSAGE=", one_line(text_of(record)), "\nPRIORITY=", priority_of(record.level),
                  "\nSYSLOG_IDENTIFIER=", one_line(log.name), "\n");
}

std::string syslog_message(const Log& log, const LogRecord& record) {
    constexpr int kDaemon = 3 << 3;  // LOG_DAEMON
    return concat("<", kDaemon | priority_of(record.level), ">", one_line(log.name), "[",
                  ::getpid(), "]: ", one_line(text_of(record)));
}

void write_to_target(const Log& log, const LogRecord& record) {
    if (log.target == Outlet::Journald)
        static_cast<void>(sys::write_all(log.fd.get(), journal_message(log, record)));
    else if (log.target == Outlet::Syslog)
        static_cast<void>(sys::write_all(log.fd.get(), syslog_message(log, record)));
    else
        static_cast<void>(sys::write_all(log.fd.get(), line_of(log, record)));
}

void say(std::string_view line) {
    static_cast<void>(sys::write_all(STDERR_FILENO, concat("cleat: ", one_line(line), "\n")));
}

/// Warnings and below go to one place, errors to people, too.
void sink(const LogRecord& record) {
    const Log& log = the_log();
    if (record.level < log.threshold) return;
    if (log.fd) write_to_target(log, record);
    if (log.fd && record.level != LogLevel::Error) return;
    if (!log.fd && log.form == Form::Json)
        static_cast<void>(sys::write_all(STDERR_FILENO, line_of(log, record)));
    else if (record.level == LogLevel::Error)
        say(record.message);
    else
        say(concat(name_of(record.level), ": ", text_of(record)));
}

}  // namespace

void set_up_log(const Globals& globals) {
    Log& log = the_log();
    log.form = globals.log_format == "json" ? Form::Json : Form::Text;
    log.threshold = level_of(globals);
    const std::string_view where = globals.log;
    const auto after = [&](std::string_view prefix) {
        return std::string(where.substr(prefix.size()));
    };
    if (where.starts_with("journald:")) {
        log.target = Outlet::Journald;
        log.name = after("journald:");
    } else if (where.starts_with("syslog:")) {
        log.target = Outlet::Syslog;
        log.name = after("syslog:");
    } else if (!where.empty()) {
        log.target = Outlet::File;
        log.name = where.starts_with("file:") ? after("file:") : std::string(where);
    }
    set_log_sink(sink);
}

Result<void> open_log() {
    constexpr mode_t kMode = 0644;
    Log& log = the_log();
    if (log.fd || log.target == Outlet::Stderr) return {};
    if (log.target == Outlet::Journald)
        log.fd = TRY(open_datagram("/run/systemd/journal/socket"));
    else if (log.target == Outlet::Syslog)
        log.fd = TRY(open_datagram("/dev/log"));
    else
        log.fd =
            TRY(sys::open_at(sys::kHere, log.name.c_str(), O_WRONLY | O_CREAT | O_APPEND, kMode));
    return {};
}

void report(const Error& error, const std::string& context) {
    const auto opened = open_log();
    if (!opened) say(concat("log: ", describe(opened.error())));
    log({.level = LogLevel::Error,
         .message = concat(context, context.empty() ? "" : ": ", describe(error)),
         .pointer = error.pointer});
}

}  // namespace cleat::cli
