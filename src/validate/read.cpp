// Room: validate. Documents from where the command line says.
#include <fcntl.h>

#include "cleat/base/text.hpp"
#include "cleat/sys/files.hpp"
#include "cleat/validate/validate.hpp"

namespace cleat::validate {
namespace {

/// What the reader of JSON takes.
constexpr std::size_t kLimit = std::size_t{4} << 20U;

/// Of a terminal or a device nobody knows when it ends. A pipe is read to its end, as the shell's
/// <(command) is one; for a fifo's first writer nobody waits, a bundle may be a stranger's.
Result<std::string> read_file(const std::string& path) {
    const auto file = TRY(sys::open_at(sys::kHere, path.c_str(), O_RDONLY | O_NONBLOCK));
    const auto status = TRY(sys::stat_fd(file.get()));
    const bool is_pipe = S_ISFIFO(status.st_mode);
    if (!S_ISREG(status.st_mode) && !is_pipe)
        return fail(ErrorKind::InvalidArgument,
                    concat(path, " is no regular file (standard input is -)"));
    ::fcntl(file.get(), F_SETFL, 0);
    auto text = sys::read_all(file.get(), kLimit);
    if (!text) return std::unexpected(with_context(std::move(text).error(), path));
    if (is_pipe && text->empty())
        return fail(ErrorKind::InvalidArgument, concat(path, " is a fifo that nobody writes to"));
    return text;
}

}  // namespace

Result<Document> read_document(const std::string& argument) {
    if (argument == "-") {
        auto text = sys::read_all(0, kLimit);
        if (!text) return std::unexpected(with_context(std::move(text).error(), "standard input"));
        return Document{.file = "<stdin>", .text = *std::move(text)};
    }
    std::string path = argument;
    if (const auto status = sys::stat_at(sys::kHere, argument.c_str());
        status && S_ISDIR(status->st_mode))
        path = argument == "."           ? "config.json"
               : argument.ends_with('/') ? argument + "config.json"
                                         : argument + "/config.json";
    const auto slash = path.rfind('/');
    auto text = TRY(read_file(path));
    return Document{.file = path,
                    .text = std::move(text),
                    .directory = slash == std::string::npos ? "." : path.substr(0, slash + 1)};
}

}  // namespace cleat::validate
