// Room: shim. Streams that the process has for itself: files, and the pipes of a logging program.
// Runs in the errand that makes the process.
#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <utility>

#include "cleat/base/text.hpp"
#include "cleat/launch/launch.hpp"
#include "cleat/sys/files.hpp"
#include "stdio.hpp"

namespace cleat::shim {
namespace {

constexpr std::string_view kFile = "file://";
constexpr std::string_view kBinary = "binary://";
constexpr std::string_view kBinary2 = "binary-v2://";

/// The hexadecimal digits of %41 and a plus for a space (url.spec.whatwg.org).
std::string decode_url(std::string_view text) {
    constexpr int kHexadecimal = 16;
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const auto code = text[i] == '%'
                              ? parse_number<unsigned char>(text.substr(i + 1, 2), kHexadecimal)
                              : std::nullopt;
        if (code) i += 2;
        out += code ? static_cast<char>(*code) : text[i];
    }
    return out;
}

Result<sys::Fd> open_file(std::string_view path) {
    constexpr mode_t kFileMode = 0644;
    constexpr mode_t kDirectoryMode = 0755;
    const std::string name = decode_url(path);
    const auto slash = name.rfind('/');
    if (slash != std::string::npos && slash > 0)
        TRY(sys::make_directories(name.substr(0, slash), kDirectoryMode));
    return sys::open_at(sys::kHere, name.c_str(), O_WRONLY | O_CREAT | O_APPEND, kFileMode);
}

/// "binary:///usr/bin/logger?name=value&flag": each name and each value is an argument.
std::vector<std::string> command_of(std::string_view uri) {
    const auto question = uri.find('?');
    std::vector<std::string> command{decode_url(uri.substr(0, question))};
    if (question == std::string_view::npos) return command;
    for (const auto pair : split(uri.substr(question + 1), '&')) {
        if (pair.empty()) continue;
        const auto equals = pair.find('=');
        command.push_back(decode_url(pair.substr(0, equals)));
        if (equals != std::string_view::npos && equals + 1 < pair.size())
            command.push_back(decode_url(pair.substr(equals + 1)));
    }
    return command;
}

/// The program is ready when it closes the pipe; in the second version it says so by a byte, and an
/// end without one is a failure.
Result<void> await_ready(int ready, bool wants_byte, const std::string& program) {
    constexpr int kLimit = 10000;
    ::pollfd watch{.fd = ready, .events = POLLIN, .revents = 0};
    if (::poll(&watch, 1, kLimit) <= 0)
        return fail(ErrorKind::System,
                    concat("logging program ", program, " is not ready in time"));
    char byte = 0;
    const auto got = ::read(ready, &byte, sizeof byte);
    if (wants_byte && got != 1)
        return fail(ErrorKind::System, concat("logging program ", program, " ended too early"));
    return {};
}

Result<OwnStreams> start_logger(std::string_view uri, const Place& place) {
    const bool second = uri.starts_with(kBinary2);
    const auto command = command_of(uri.substr((second ? kBinary2 : kBinary).size()));
    auto out = TRY(make_pipe());
    auto err = TRY(make_pipe());
    auto ready = TRY(make_pipe());
    OwnStreams streams;
    streams.logger = TRY(launch::spawn(command,
                                       {concat("CONTAINER_ID=", place.container),
                                        concat("CONTAINER_NAMESPACE=", place.name_space)},
                                       {out.read.get(), err.read.get(), ready.write.get()}));
    ready.write.reset();
    TRY(await_ready(ready.read.get(), second, command[0]));
    streams.out = std::move(out.write);
    streams.err = std::move(err.write);
    return streams;
}

}  // namespace

bool is_fifo(std::string_view uri) noexcept {
    return !uri.empty() && uri.find("://") == std::string_view::npos;
}

Result<OwnStreams> open_own_streams(const Streams& streams, const Place& place) {
    const std::string_view uri = streams.out;
    if (uri.starts_with(kBinary) || uri.starts_with(kBinary2)) return start_logger(uri, place);
    OwnStreams own;
    for (auto [target, where] : {std::pair(&own.out, &streams.out), {&own.err, &streams.err}}) {
        if (where->starts_with(kFile))
            *target = TRY(open_file(std::string_view(*where).substr(kFile.size())));
        else if (!where->empty() && !is_fifo(*where))
            return fail(ErrorKind::InvalidArgument, concat("unknown STDIO scheme of ", *where));
    }
    return own;
}

}  // namespace cleat::shim
