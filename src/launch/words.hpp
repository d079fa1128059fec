// Room: launch. Words as execve(2) takes them.
#pragma once

#include <string>
#include <vector>

namespace cleat::launch {

/// As long as the texts live; with the null pointer at the end.
inline std::vector<char*> pointers(const std::vector<std::string>& texts) {
    std::vector<char*> out;
    out.reserve(texts.size() + 1);
    for (const auto& text : texts)
        out.push_back(const_cast<char*>(text.c_str()));  // execve(2) changes nothing
    out.push_back(nullptr);
    return out;
}

}  // namespace cleat::launch
