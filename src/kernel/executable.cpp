// Room: kernel. The program: found while init is still root, executed as its last act. Both run
// inside the container's root.
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>

#include "cleat/kernel/apply.hpp"
#include "exec_failure.hpp"
#include "failed.hpp"

namespace cleat::kernel {
namespace {

/// What is used when the container's environment has no PATH.
constexpr std::string_view kDefaultPath =
    "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

std::string_view search_path(const std::vector<std::string>& env) {
    constexpr std::string_view kKey = "PATH=";
    const auto is_path = [&](const std::string& entry) { return entry.starts_with(kKey); };
    const auto found = std::ranges::find_if(env, is_path);
    return found == env.end() ? kDefaultPath : std::string_view(*found).substr(kKey.size());
}

/// 0, or the errno that execve(2) would give for the file itself.
int check_file(const std::string& path) {
    constexpr mode_t kAnyExecute = 0111;
    struct ::stat status{};
    if (::stat(path.c_str(), &status) < 0) return errno;
    if (S_ISDIR(status.st_mode)) return EISDIR;
    return S_ISREG(status.st_mode) && (status.st_mode & kAnyExecute) != 0 ? 0 : EACCES;
}

/// The texts are those that engines match: "no such file or directory", "permission denied".
std::unexpected<Error> cannot_run(const std::string& name, int error) {
    const std::string what = concat("exec: ", quoted(name));
    if (error == EISDIR) return fail_errno(what + ": is a directory", EACCES);
    return fail_errno(what, error);
}

Result<std::string> find_in_path(const std::string& name, const std::vector<std::string>& env) {
    int refused = 0;
    for (const auto directory : split(search_path(env), ':')) {
        std::string candidate = concat(directory.empty() ? "." : directory, "/", name);
        const int error = check_file(candidate);
        if (error == 0) return candidate;
        if (error == EACCES) refused = error;
    }
    if (refused != 0) return cannot_run(name, refused);
    return fail_errno(concat("exec: ", quoted(name), ": executable file not found in $PATH"),
                      ENOENT);
}

std::vector<char*> pointers(const std::vector<std::string>& texts) {
    std::vector<char*> list;
    list.reserve(texts.size() + 1);
    for (const auto& text : texts) list.push_back(const_cast<char*>(text.c_str()));
    list.push_back(nullptr);
    return list;
}

std::size_t bytes_of(const std::vector<std::string>& texts) {
    std::size_t bytes = 0;
    for (const auto& text : texts) bytes += text.size() + 1;
    return bytes;
}

}  // namespace

Result<void> apply(const plan::FindExecutable& step, Context& context) {
    if (step.name.find('/') == std::string::npos && !step.name.empty()) {
        context.executable = TRY(find_in_path(step.name, context.env));
        return {};
    }
    if (const int error = check_file(step.name); error != 0) return cannot_run(step.name, error);
    context.executable = step.name;
    return {};
}

void prepare_exec(const plan::Exec& step, Context& context) {
    context.exec_args = pointers(step.args);
    context.exec_env = pointers(context.env.empty() ? step.env : context.env);
}

Result<void> apply(const plan::Exec& step, Context& context) {
    if (context.exec_args.empty()) prepare_exec(step, context);
    ::execve(context.executable.c_str(), context.exec_args.data(), context.exec_env.data());
    const int error = errno;
    const auto& env = context.env.empty() ? step.env : context.env;
    if (error == E2BIG)
        return fail_errno(concat("exec: ", quoted(context.executable), ": ", bytes_of(step.args),
                                 " bytes of arguments and ", bytes_of(env), " of environment"),
                          error);
    return std::unexpected(explain_exec_failure(context.executable, error));
}

}  // namespace cleat::kernel
