// Room: kernel. Network devices moved into the container's network namespace (config-linux.md
// #network-devices). Runs in the host process, after the clone, with the host's network namespace
// as its own but for the moments in which it makes a socket in the container's.
#include <fcntl.h>
#include <linux/if_addr.h>
#include <net/if.h>
#include <sched.h>

#include <algorithm>
#include <cstring>
#include <string>

#include "cleat/kernel/apply.hpp"
#include "cleat/sys/files.hpp"
#include "failed.hpp"
#include "netlink.hpp"

namespace cleat::kernel {
namespace {

struct Link {
    int index = 0;
    std::string name;
};

/// A permanent address of global scope, as the kernel described it.
struct Address {
    ::ifaddrmsg body{};
    std::vector<std::pair<std::uint16_t, std::vector<std::byte>>> attributes;
};

/// A netlink socket of the other namespace; the process is back in its own afterwards.
Result<Netlink> open_netlink_in(int network_namespace) {
    const sys::Fd home = TRY(sys::open_at(sys::kHere, "/proc/self/ns/net", O_RDONLY));
    if (::setns(network_namespace, CLONE_NEWNET) < 0)
        return failed("enter the container's network namespace");
    auto netlink = Netlink::open();
    if (::setns(home.get(), CLONE_NEWNET) < 0)
        return failed("leave the container's network namespace");
    return netlink;
}

Result<std::vector<Link>> links_of(Netlink& netlink) {
    std::vector<Link> links;
    TRY(netlink.ask(NetlinkRequest(RTM_GETLINK, NLM_F_DUMP, ::ifinfomsg{}),
                    [&links](const NetlinkReply& reply) {
                        const auto* body = reply.body<::ifinfomsg>();
                        const auto name = find_attribute(reply, sizeof *body, IFLA_IFNAME);
                        if (body == nullptr || !name) return;
                        const auto* text = reinterpret_cast<const char*>(name->data());
                        links.push_back({.index = body->ifi_index,
                                         .name = {text, ::strnlen(text, name->size())}});
                    }));
    return links;
}

const Link* find_link(const std::vector<Link>& links, std::string_view name) {
    const auto found = std::ranges::find(links, name, &Link::name);
    return found == links.end() ? nullptr : &*found;
}

/// What is carried over of an address: where it is and how wide, not how the kernel uses it.
Address copy_of(const NetlinkReply& reply, const ::ifaddrmsg& body) {
    Address address{.body = body, .attributes = {}};
    address.body.ifa_flags = 0;
    for (const std::uint16_t type : {IFA_LOCAL, IFA_ADDRESS, IFA_BROADCAST, IFA_RT_PRIORITY})
        if (const auto value = find_attribute(reply, sizeof body, type))
            address.attributes.emplace_back(type,
                                            std::vector<std::byte>(value->begin(), value->end()));
    return address;
}

Result<std::vector<Address>> addresses_of(Netlink& netlink, int index) {
    std::vector<Address> addresses;
    TRY(netlink.ask(NetlinkRequest(RTM_GETADDR, NLM_F_DUMP, ::ifaddrmsg{}),
                    [&](const NetlinkReply& reply) {
                        const auto* body = reply.body<::ifaddrmsg>();
                        if (body == nullptr || static_cast<int>(body->ifa_index) != index) return;
                        const bool permanent = (body->ifa_flags & IFA_F_PERMANENT) != 0;
                        if (permanent && body->ifa_scope == RT_SCOPE_UNIVERSE)
                            addresses.push_back(copy_of(reply, *body));
                    }));
    return addresses;
}

Result<void> add_address(Netlink& netlink, const Address& address, int index) {
    auto body = address.body;
    body.ifa_index = static_cast<std::uint32_t>(index);
    NetlinkRequest request(RTM_NEWADDR, NLM_F_ACK | NLM_F_CREATE | NLM_F_REPLACE, body);
    for (const auto& [type, value] : address.attributes) request.add(type, value);
    // The address was proven unique where the device came from.
    if (body.ifa_family == AF_INET6) request.add_number(IFA_FLAGS, IFA_F_NODAD);
    return netlink.carry_out(std::move(request));
}

Result<void> set_up(Netlink& netlink, int index) {
    const ::ifinfomsg body{.ifi_family = AF_UNSPEC,
                           .__ifi_pad = 0,
                           .ifi_type = 0,
                           .ifi_index = index,
                           .ifi_flags = IFF_UP,
                           .ifi_change = IFF_UP};
    return netlink.carry_out(NetlinkRequest(RTM_NEWLINK, NLM_F_ACK, body));
}

/// Where a device goes: the namespace by descriptor, and its name there.
struct Destination {
    int network_namespace;
    std::string_view name;
};

Result<void> move(Netlink& netlink, int index, const Destination& destination) {
    ::ifinfomsg body{};
    body.ifi_index = index;
    NetlinkRequest request(RTM_NEWLINK, NLM_F_ACK, body);
    request.add_number(IFLA_NET_NS_FD, static_cast<std::uint32_t>(destination.network_namespace));
    request.add_text(IFLA_IFNAME, destination.name);
    return netlink.carry_out(std::move(request));
}

/// The name in the container: "eth%d" is the first of eth0, eth1, … that is free there.
Result<std::string> choose_name(const std::string& wanted, const std::vector<Link>& inside) {
    constexpr int kMostDevices = 4096;
    const auto place = wanted.find("%d");
    if (place == std::string::npos) {
        if (find_link(inside, wanted) == nullptr) return wanted;
        return fail_errno(concat("the container has a device ", quoted(wanted), " already"),
                          EEXIST);
    }
    for (int number = 0; number < kMostDevices; ++number) {
        std::string name = concat(wanted.substr(0, place), number, wanted.substr(place + 2));
        if (find_link(inside, name) == nullptr) return name;
    }
    return fail_errno(concat("no name is free for ", quoted(wanted)), ENFILE);
}

Result<MovedNetDevice> move_device(const plan::MoveNetDevice& step, const Context& context) {
    const int target = context.slots[step.network_namespace.index].get();
    Netlink outside = TRY(Netlink::open());
    Netlink inside = TRY(open_netlink_in(target));
    const auto links = TRY(links_of(outside));
    const Link* link = find_link(links, step.name);
    if (link == nullptr) return fail_errno("no such device on the host", ENODEV);
    const std::string& wanted = step.new_name.empty() ? step.name : step.new_name;
    const auto before = TRY(links_of(inside));
    MovedNetDevice moved{.name = step.name,
                         .new_name = TRY(choose_name(wanted, before)),
                         .network_namespace = step.network_namespace};
    const auto addresses = TRY(addresses_of(outside, link->index));
    TRY(move(outside, link->index, {.network_namespace = target, .name = moved.new_name}));
    const auto links_inside = TRY(links_of(inside));
    const Link* there = find_link(links_inside, moved.new_name);
    if (there == nullptr) return fail_errno("the moved device is gone", ENODEV);
    for (const auto& address : addresses) TRY(add_address(inside, address, there->index));
    TRY(set_up(inside, there->index));
    return moved;
}

}  // namespace

Result<MovedNetDevice> move_net_device(const plan::MoveNetDevice& step, const Context& context) {
    auto moved = move_device(step, context);
    if (moved) return moved;
    return std::unexpected(
        with_context(std::move(moved).error(), concat("network device ", quoted(step.name))));
}

Result<void> return_net_device(const MovedNetDevice& device, const Context& context) {
    const sys::Fd home = TRY(sys::open_at(sys::kHere, "/proc/self/ns/net", O_RDONLY));
    Netlink inside = TRY(open_netlink_in(context.slots[device.network_namespace.index].get()));
    const auto links = TRY(links_of(inside));
    const Link* link = find_link(links, device.new_name);
    if (link == nullptr) return {};
    return move(inside, link->index, {.network_namespace = home.get(), .name = device.name});
}

}  // namespace cleat::kernel
