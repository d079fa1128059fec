// Room: cli. Patterns for container ids.
#include "pattern.hpp"

#include <regex.h>

#include "cleat/base/text.hpp"

namespace cleat::cli {

Result<std::vector<std::string>> matching(const std::vector<std::string>& names,
                                          const std::string& pattern) {
    ::regex_t compiled{};
    if (::regcomp(&compiled, pattern.c_str(), REG_EXTENDED | REG_NOSUB) != 0)
        return fail(ErrorKind::InvalidArgument,
                    concat(quoted(pattern), " is not a regular expression"));
    std::vector<std::string> found;
    for (const auto& name : names)
        if (::regexec(&compiled, name.c_str(), 0, nullptr, 0) == 0) found.push_back(name);
    ::regfree(&compiled);
    return found;
}

}  // namespace cleat::cli
