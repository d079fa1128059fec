// Room: kernel. Route netlink. Runs in the host process.
#include "netlink.hpp"

#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "cleat/sys/files.hpp"
#include "failed.hpp"

namespace cleat::kernel {
namespace {

constexpr std::size_t aligned(std::size_t size) { return (size + 3U) & ~std::size_t{3}; }

/// What a message says of the whole answer.
struct Verdict {
    bool last = false;
    int error = 0;
};

Verdict verdict_of(const ::nlmsghdr& header, Bytes payload) {
    if (header.nlmsg_type == NLMSG_DONE) return {.last = true, .error = 0};
    if (header.nlmsg_type != NLMSG_ERROR)
        return {.last = (header.nlmsg_flags & NLM_F_MULTI) == 0, .error = 0};
    ::nlmsgerr error{};
    if (payload.size() < sizeof error) return {.last = true, .error = EBADMSG};
    std::memcpy(&error, payload.data(), sizeof error);
    return {.last = true, .error = -error.error};
}

}  // namespace

void NetlinkRequest::begin(std::uint16_t type, int flags) {
    ::nlmsghdr header{};
    header.nlmsg_type = type;
    header.nlmsg_flags = static_cast<std::uint16_t>(flags | NLM_F_REQUEST);
    append(std::as_bytes(std::span(&header, 1)));
}

void NetlinkRequest::append(Bytes bytes) {
    bytes_.insert(bytes_.end(), bytes.begin(), bytes.end());
    bytes_.resize(aligned(bytes_.size()));
}

void NetlinkRequest::add(std::uint16_t type, Bytes payload) {
    const ::rtattr header{.rta_len = static_cast<unsigned short>(sizeof(::rtattr) + payload.size()),
                          .rta_type = type};
    append(std::as_bytes(std::span(&header, 1)));
    append(payload);
}

void NetlinkRequest::add_text(std::uint16_t type, std::string_view text) {
    std::vector<std::byte> zero_terminated(text.size() + 1);
    std::memcpy(zero_terminated.data(), text.data(), text.size());
    add(type, zero_terminated);
}

void NetlinkRequest::add_number(std::uint16_t type, std::uint32_t value) {
    add(type, std::as_bytes(std::span(&value, 1)));
}

Bytes NetlinkRequest::finish(std::uint32_t sequence) {
    ::nlmsghdr header{};
    std::memcpy(&header, bytes_.data(), sizeof header);
    header.nlmsg_len = static_cast<std::uint32_t>(bytes_.size());
    header.nlmsg_seq = sequence;
    std::memcpy(bytes_.data(), &header, sizeof header);
    return bytes_;
}

std::optional<Bytes> find_attribute(const NetlinkReply& reply, std::size_t body_size,
                                    std::uint16_t type) {
    if (reply.payload.size() < aligned(body_size)) return std::nullopt;
    Bytes rest = reply.payload.subspan(aligned(body_size));
    while (rest.size() >= sizeof(::rtattr)) {
        ::rtattr header{};
        std::memcpy(&header, rest.data(), sizeof header);
        if (header.rta_len < sizeof header || header.rta_len > rest.size()) return std::nullopt;
        if (header.rta_type == type)
            return rest.subspan(sizeof header, header.rta_len - sizeof header);
        rest = rest.subspan(std::min(rest.size(), aligned(header.rta_len)));
    }
    return std::nullopt;
}

Result<Netlink> Netlink::open() {
    sys::Fd socket(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE));
    if (!socket) return failed("open route netlink");
    return Netlink(std::move(socket));
}

Result<void> Netlink::carry_out(NetlinkRequest request) {
    return ask(std::move(request), [](const NetlinkReply&) {});
}

Result<void> Netlink::ask(NetlinkRequest request,
                          const std::function<void(const NetlinkReply&)>& each) {
    constexpr std::size_t kBufferSize = 32768;  // netlink(7): the kernel's largest message
    const Bytes sent = request.finish(++sequence_);
    if (::send(socket_.get(), sent.data(), sent.size(), 0) < 0) return failed("send to netlink");
    alignas(::nlmsghdr) std::array<std::byte, kBufferSize> buffer;
    for (;;) {
        const auto got = ::recv(socket_.get(), buffer.data(), buffer.size(), 0);
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0) return failed("receive from netlink");
        Bytes rest = Bytes(buffer).first(static_cast<std::size_t>(got));
        while (rest.size() >= sizeof(::nlmsghdr)) {
            ::nlmsghdr header{};
            std::memcpy(&header, rest.data(), sizeof header);
            if (header.nlmsg_len < sizeof header || header.nlmsg_len > rest.size()) break;
            const Bytes payload = rest.subspan(sizeof header, header.nlmsg_len - sizeof header);
            const Verdict verdict = verdict_of(header, payload);
            if (verdict.error != 0) return fail_errno("netlink", verdict.error);
            if (header.nlmsg_type != NLMSG_ERROR && header.nlmsg_type != NLMSG_DONE)
                each({.type = header.nlmsg_type, .payload = payload});
            if (verdict.last) return {};
            rest = rest.subspan(std::min(rest.size(), aligned(header.nlmsg_len)));
        }
    }
}

}  // namespace cleat::kernel
